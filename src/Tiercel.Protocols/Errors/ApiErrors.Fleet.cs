namespace Tiercel.Protocols.Errors;

/// <summary>What a gateway says when its engines cannot answer.</summary>
public static partial class ApiErrors
{
    /// <summary>Code of <see cref="NoReplica"/>.</summary>
    public const string NoReplicaCode = "no_replica";

    /// <summary>Of a server that is shutting down: whoever asked goes elsewhere, and nothing has failed.</summary>
    public const string DrainingCode = "draining";

    private static readonly TimeSpan ReplicaRetry = TimeSpan.FromSeconds(2);

    /// <summary>The engine of a stream was lost and nothing could go on with it.</summary>
    public static ApiError UpstreamLost(string message) => new(502, Server, "upstream_lost", message, Retry: RetryClass.Later, RetryAfter: ReplicaRetry);

    /// <summary>What the engine sent is no answer.</summary>
    public static ApiError UpstreamBroken(string message) => new(502, Server, "upstream_broken", message, Retry: RetryClass.Later, RetryAfter: ReplicaRetry);

    /// <summary>The engine refused the request, perhaps in the middle of a stream.</summary>
    public static ApiError UpstreamRefused(string message, int status = 400) =>
        new(status, Invalid, "upstream_refused", message.Length > 0 ? message : "The engine refused the request.");

    /// <summary>The engine says itself that it failed.</summary>
    public static ApiError UpstreamFailed(string message) =>
        new(502, Server, "upstream_failed", message.Length > 0 ? message : "The engine failed.", Retry: RetryClass.Later, RetryAfter: ReplicaRetry);

    /// <summary>No connection to the engine, or it says itself that it is not there.</summary>
    public static ApiError UpstreamUnavailable(TimeSpan? retryAfter = null) =>
        new(503, Server, "upstream_unavailable", "The engine cannot be reached now.", Retry: RetryClass.Later, RetryAfter: retryAfter ?? ReplicaRetry);

    public static ApiError UpstreamTimeout(string message) =>
        new(504, Server, "upstream_timeout", message, Retry: RetryClass.Later, RetryAfter: ReplicaRetry);

    /// <summary>The engine itself has too much to do.</summary>
    public static ApiError UpstreamBusy(TimeSpan? retryAfter) => new(
        429, "requests", "rate_limit_exceeded", "The engine takes no more requests now.", Retry: RetryClass.Later, RetryAfter: retryAfter ?? ReplicaRetry);

    /// <summary>No replica of the pool can be used.</summary>
    public static ApiError NoReplica(string pool) =>
        new(503, Server, NoReplicaCode, $"No engine of the pool '{pool}' can take requests now.", Retry: RetryClass.Later, RetryAfter: ReplicaRetry);

    /// <summary>No replica of the pool has what the path needs.</summary>
    public static ApiError NotServedByPool(string path, string model) =>
        new(400, Invalid, "unsupported_by_model", $"No engine behind the model '{model}' serves {path}.", "model");

    /// <summary>The class's objective is predicted to be missed on every replica.</summary>
    public static ApiError ObjectiveMissed(string message, TimeSpan retryAfter) =>
        new(503, Server, "overloaded", message, Retry: RetryClass.Later, RetryAfter: retryAfter);

    /// <summary>Two workers died with the request, and a third that ran nothing else.</summary>
    public static ApiError Quarantined() => new(
        422,
        Invalid,
        "request_quarantined",
        "This request ended every engine that tried it and is not tried again for a while.");

    /// <summary>The tenant may not use the model.</summary>
    public static ApiError ModelNotAllowed(string model) =>
        new(404, Invalid, "model_not_found", $"The model '{model}' does not exist here, or you may not use it. GET /v1/models lists what you may.", "model");
}
