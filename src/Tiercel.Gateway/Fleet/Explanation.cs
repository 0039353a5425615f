using System.Globalization;
using Tiercel.Gateway.Routing;

namespace Tiercel.Gateway.Fleet;

/// <summary>A routing decision in words.</summary>
internal static class Explanation
{
    /// <summary>One line for a response header.</summary>
    public static string OneLine(string upstream, RouteDecision decision) => string.Create(
        CultureInfo.InvariantCulture,
        $"{upstream}; {decision.Reason}; ttft={decision.PredictedTtft.TotalSeconds:0.000}s; prompt={decision.PromptTokens}; uncached={decision.PredictedUncachedTokens}");
}
