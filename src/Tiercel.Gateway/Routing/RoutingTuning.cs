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

    /// <summary>Mean errors of prediction that are kept between a predicted first token and the objective.</summary>
    public double Errors { get; init; } = 0.5;

    /// <summary>And so many more where all are refused; of them the share that is.</summary>
    public double ErrorsWhenRefusing { get; init; } = 2;

    /// <summary>What is kept for errors is at most this share of the objective.</summary>
    public double MaxMargin { get; init; } = 0.5;

    /// <summary>Seconds of prompts beyond the streams' pace that a replica may owe, as a share of the objective for the first token.</summary>
    public double Burst { get; init; } = 1;

    /// <summary>
    /// Share of what the objective leaves for queues up to which tenants that have had more than theirs may fill the replicas while others ask. The rest is
    /// for the others.
    /// </summary>
    public double AboveShare { get; init; } = 0.6;

    /// <summary>
    /// Power of the part that such a tenant was given of what it asked for, by which that share is multiplied. A queue bridges the gaps between requests, and
    /// whoever asks for ten times what there is leaves no gaps: its queue would only be in the others' way.
    /// </summary>
    public double Flooding { get; init; } = 1;

    /// <summary>Part of what was asked for below which a flood is not answered any harder.</summary>
    public double LeastGiven { get; init; } = 0.1;

    /// <summary>
    /// Of a pool's places so many times the root of their number are kept from tenants that have had more than their share while others ask, never more than a
    /// quarter. Else the others would wait for somebody's answer to end where a flood holds all places. What comes at random varies with the root of its
    /// number (trunk reservation, as telephone exchanges keep lines): of 64 places 4 are kept.
    /// </summary>
    public double KeptPlaces { get; init; } = 0.5;

    /// <summary>A prompt that cannot make its objective on an idle replica is served while the mean queue is below this share of the objective.</summary>
    public double IdleQueueShare { get; init; } = 0.07;

    /// <summary>Share of the objective for a token that a replica's streams may use up in the mean; the rest is for the unlucky ones.</summary>
    public double PaceMargin { get; init; } = 0.7;

    /// <summary>
    /// What is left of that share when streams keep missing their pace. Prompts come one after another where a pool is overloaded, and the mean says less then.
    /// It is bounded, because a client that reads slowly makes its stream look slow too.
    /// </summary>
    public double LeastPaceMargin { get; init; } = 0.5;

    /// <summary>Share of the streams that may miss their pace before prompts are held back for them.</summary>
    public double SlowStreams { get; init; } = 0.05;

    /// <summary>How far one stream moves what is kept for the pace.</summary>
    public double PaceStep { get; init; } = 0.1;

    /// <summary>Share of time for prompts while the pace of the streams is not known.</summary>
    public double UnknownSpareShare { get; init; } = 0.7;
}
