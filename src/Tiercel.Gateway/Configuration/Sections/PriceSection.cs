using Tiercel.Gateway.Configuration.Shapes;

namespace Tiercel.Gateway.Configuration.Sections;

internal static class PriceSection
{
    private static readonly Shape<decimal> Amount = Numbers.Money(1_000_000);

    private static readonly Key<decimal> Input = Keys.Default("input", Amount, 0m, "Per million prompt tokens that were computed.");

    private static readonly Key<decimal> CachedInput = Keys.Default("cached_input", Amount, 0m, "Per million prompt tokens that came from a cache.");

    private static readonly Key<decimal> Output = Keys.Default("output", Amount, 0m, "Per million generated tokens.");

    private static readonly Key<decimal> EngineSecond = Keys.Default("engine_second", Amount, 0m, "Per second from the request being sent to its end.");

    public static Section<PriceSettings> Table { get; } = new(
        "price",
        "What an upstream costs, in the currency of the budgets.",
        [Input, CachedInput, Output, EngineSecond],
        values => new PriceSettings
        {
            Input = values.Get(Input),
            CachedInput = values.Get(CachedInput),
            Output = values.Get(Output),
            EngineSecond = values.Get(EngineSecond),
        });
}
