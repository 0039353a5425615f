using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Routing;

/// <summary>One request, from its decision to its end.</summary>
internal sealed class RequestState(RouteQuery query, RouteDecision decision)
{
    public long Id { get; } = query.RequestId;

    public RouteDecision Decision { get; } = decision;

    public PromptFingerprint Fingerprint { get; } = query.Fingerprint;

    public long PromptBytes { get; } = query.PromptBytes;

    public ServiceClass? Class { get; } = query.Class;

    public bool Streams { get; } = query.Streams;

    public int? MaxOutputTokens { get; } = query.MaxOutputTokens;

    /// <summary>Where it is; null before it is sent and after it has ended.</summary>
    public RoutedReplica? Replica { get; set; }

    /// <summary>Its place among those that wait for a first token.</summary>
    public LinkedListNode<RequestState>? Place { get; set; }

    public PrefillMark Mark { get; set; } = new();

    // What it was counted with at its replica: taken away again as the same whole numbers, so that sums end at zero.
    public long UncachedTokens { get; set; }

    public long Pairs { get; set; }

    public long KvTokens { get; set; }

    /// <summary>Of the tokens believed to be cached, those that were being computed when it was sent.</summary>
    public long PendingCachedTokens { get; set; }

    /// <summary>And those that had been computed before, with the age of the oldest in added blocks.</summary>
    public long ComputedCachedTokens { get; set; }

    public long BlocksSince { get; set; }

    public TimeSpan SentAt { get; set; }

    /// <summary>Seconds, as predicted for the replica it was sent to.</summary>
    public double PredictedTtft { get; set; }

    public TimeSpan? FirstAt { get; set; }

    /// <summary>Seconds that its prompt occupied the replica, from the first token before it to its own; 0 while unknown.</summary>
    public double ServiceSeconds { get; set; }

    /// <summary>Speeds have been learnt from it, or must not be.</summary>
    public bool IsLearnt { get; set; }

    /// <summary>The replica's <see cref="RoutedReplica.PrefillSeconds"/> when the first token came.</summary>
    public double PrefillSecondsAtFirst { get; set; }
}
