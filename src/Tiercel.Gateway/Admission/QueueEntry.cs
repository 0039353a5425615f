namespace Tiercel.Gateway.Admission;

/// <summary>A request that waits. The owner derives from it to keep with it what it needs.</summary>
internal class QueueEntry
{
    /// <summary>Number of the request.</summary>
    public required long Id { get; init; }

    public required string Tenant { get; init; }

    /// <summary>The tenant's share, above 0.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>Lower is more urgent; requests of one priority are a band.</summary>
    public int Priority { get; init; }

    /// <summary>What the request is thought to take of the pool: prompt and output.</summary>
    public required long Tokens { get; init; }

    /// <summary>What it holds of the gateway's memory.</summary>
    public required long Bytes { get; init; }

    /// <summary>From here on it is not worth to be run.</summary>
    public required TimeSpan Deadline { get; init; }

    /// <summary>When it was put into the queue.</summary>
    public TimeSpan Since { get; internal set; }

    /// <summary>Whether it waits at this time.</summary>
    public bool IsQueued => Lane is not null;

    internal QueueLane? Lane { get; set; }

    internal QueueEntry? Older { get; set; }

    internal QueueEntry? Newer { get; set; }

    /// <summary>Order of arrival in its queue.</summary>
    internal long Sequence { get; set; }
}
