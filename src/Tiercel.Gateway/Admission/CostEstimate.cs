using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Metering;

namespace Tiercel.Gateway.Admission;

/// <summary>The most that a request can cost in a pool: every price the dearest of its upstreams, nothing from the cache.</summary>
internal sealed class CostEstimate
{
    private readonly PriceSettings _dearest;

    public CostEstimate(IEnumerable<PriceSettings> prices)
    {
        _dearest = prices.Aggregate(new PriceSettings(), (dearest, price) => new PriceSettings
        {
            Input = Math.Max(dearest.Input, Math.Max(price.Input, price.CachedInput)),
            Output = Math.Max(dearest.Output, price.Output),
            EngineSecond = Math.Max(dearest.EngineSecond, price.EngineSecond),
        });
    }

    /// <param name="promptTokens">As estimated; see <see cref="PromptEstimator"/>.</param>
    /// <param name="maxOutputTokens">Over all choices.</param>
    /// <param name="longest">The longest that the request can run, where seconds cost money.</param>
    public Money Of(long promptTokens, long maxOutputTokens, TimeSpan longest) =>
        Money.Cost(_dearest, promptTokens, cachedTokens: 0, maxOutputTokens, longest);
}
