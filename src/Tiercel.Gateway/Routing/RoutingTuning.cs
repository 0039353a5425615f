namespace Tiercel.Gateway.Routing;

/// <summary>The few judgements in the cost of a placement that cannot be measured. None depends on a device, a model or a trace.</summary>
internal sealed record RoutingTuning
{
    /// <summary>Seconds charged for each second that a running stream without an objective stands still for the prompt.</summary>
    public double StreamStall { get; init; } = 0.05;

    /// <summary>A stream that is made to miss its objective costs as much as so many of its tokens at the objective.</summary>
    public double MissedStreamTokens { get; init; } = 50;

    /// <summary>How much the delay of those who come later weighs: work is charged again by this times busy / (1 - busy).</summary>
    public double LaterRequests { get; init; } = 1;

    /// <summary>Largest factor of the term above.</summary>
    public double MaxLaterRequests { get; init; } = 4;

    /// <summary>Chance that what must make room is wanted again.</summary>
    public double EvictedWanted { get; init; } = 0.1;

    /// <summary>Share of the predicted time that is taken as certain when a request is refused for its objective.</summary>
    public double RefusalMargin { get; init; } = 0.97;

    /// <summary>A prompt that cannot make its objective on an idle replica is served while the mean queue is below this share of the objective.</summary>
    public double IdleQueueShare { get; init; } = 0.07;
}
