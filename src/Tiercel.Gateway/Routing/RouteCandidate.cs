namespace Tiercel.Gateway.Routing;

/// <summary>What choosing one replica was predicted to cost, in seconds: the record behind "why routed here".</summary>
/// <param name="CachedTokens">Tokens of the prompt that it is believed to hold.</param>
/// <param name="QueueSeconds">Until it would begin with the prompt.</param>
/// <param name="PrefillSeconds">For the tokens that it does not hold.</param>
/// <param name="SlowdownSeconds">What the prompt takes from the streams that run there.</param>
/// <param name="EvictionSeconds">What it would cost to compute again what must make room.</param>
/// <param name="PredictedTtft">Time to the first token, seconds.</param>
internal readonly record struct RouteCandidate(
    int Replica,
    int CachedTokens,
    double QueueSeconds,
    double PrefillSeconds,
    double SlowdownSeconds,
    double EvictionSeconds,
    double PredictedTtft,
    double Weight)
{
    /// <summary>What the default policy compares.</summary>
    public double TotalSeconds => (PredictedTtft + SlowdownSeconds + EvictionSeconds) / Math.Max(Weight, 1e-3);
}
