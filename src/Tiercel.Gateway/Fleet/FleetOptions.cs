using Tiercel.Engine;
using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Fleet;

/// <summary>What a gateway is started with beside its configuration.</summary>
public sealed record FleetOptions
{
    public required ConfigurationSource Configuration { get; init; }

    /// <summary>The engine behind upstreams of the kind <c>embedded</c>; null for none. It belongs to the caller.</summary>
    public IInferenceEngine? Embedded { get; init; }

    /// <summary>Host names that requests may carry, besides those of loopback and of the configuration. Unchecked when listening on other addresses and none are given.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>Origins of web pages that may call the API, besides those of the configuration.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>Requests in the house at one time, those that wait included.</summary>
    public int MaxConcurrentRequests { get; init; } = 16_384;

    /// <summary>How long the head of a stream waits for the first token; and then the longest silence towards the client.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time between two looks at health, queues and streams.</summary>
    public TimeSpan PulseInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Whether requests are worked on where their bytes arrive, on the sockets' own threads. Only of use where the runtime's sockets do the same.</summary>
    public bool AnswersOnSocketThreads { get; init; }

    /// <summary>Seed of ids and of sampling seeds; null draws one.</summary>
    public ulong? Seed { get; init; }
}
