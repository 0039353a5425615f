using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Routing;

/// <summary>What is known of a request when a replica is chosen for it.</summary>
internal sealed record RouteQuery
{
    /// <summary>The gateway's number of the request. A second attempt at the same request uses the same number.</summary>
    public required long RequestId { get; init; }

    public required PromptFingerprint Fingerprint { get; init; }

    /// <summary>Bytes of the prompt as sent, tools included.</summary>
    public required long PromptBytes { get; init; }

    /// <summary>The client's limit for the answer, if it gave one.</summary>
    public int? MaxOutputTokens { get; init; }

    /// <summary>The answer comes token by token. Of one that comes whole nobody sees when its prompt was computed, so nothing is learnt from it.</summary>
    public bool Streams { get; init; } = true;

    /// <summary>Null means no objective: never refused for being late.</summary>
    public ServiceClass? Class { get; init; }

    /// <summary>Replicas that this request has failed on.</summary>
    public IReadOnlyCollection<int> ExcludedReplicas { get; init; } = [];

    /// <summary>When given, only replicas of that numerics id will do: a stream is to be continued exactly.</summary>
    public string? NumericsId { get; init; }

    /// <summary>
    /// Null but for a tenant that has had more than its share while others ask; then of what it asked for, the part that it was given, above 0 and up to 1. It
    /// is refused sooner, the sooner the less that is, so that the others find the room within their objectives that they found before.
    /// </summary>
    public double? AboveShare { get; init; }

    /// <summary>The request has been accepted already (a retry or a resume): it is never refused for its objective.</summary>
    public bool MustServe { get; init; }
}
