using Tiercel.Gateway.Configuration.Shapes;

namespace Tiercel.Gateway.Configuration.Sections;

internal static class RetrySection
{
    private static readonly RetrySettings Defaults = new();

    private static readonly Key<int> MaxTries = Keys.Default("max_tries", Numbers.Integer(1, 10), Defaults.MaxTries, "Tries of one request in all.");

    private static readonly Key<double> Share = Keys.Default(
        "budget_share", Numbers.Number(0, 1), Defaults.BudgetShare, "Retries allowed as a share of the requests of the last ten seconds.");

    private static readonly Key<double> PerSecond = Keys.Default(
        "budget_per_second", Numbers.Number(0, 100_000), Defaults.BudgetPerSecond, "Retries per second that are allowed besides.");

    public static Section<RetrySettings> Table { get; } = new(
        "retries",
        "How often a request is tried again before its first byte. Streams that move to another worker have a bound of their own.",
        [MaxTries, Share, PerSecond],
        values => new RetrySettings { MaxTries = values.Get(MaxTries), BudgetShare = values.Get(Share), BudgetPerSecond = values.Get(PerSecond) });
}
