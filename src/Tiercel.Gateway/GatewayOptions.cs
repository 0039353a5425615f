using System.Net;
using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway;

/// <summary>How the API is served.</summary>
public sealed record GatewayOptions
{
    /// <summary>Where to listen. Port 0 takes a free one.</summary>
    public IReadOnlyList<IPEndPoint> Endpoints { get; init; } = [new(IPAddress.Loopback, 8080)];

    /// <summary>Keys that are accepted. None means that no key is needed, which other addresses than loopback must allow by <see cref="NoAuth"/>.</summary>
    public IReadOnlyList<string> ApiKeys { get; init; } = [];

    /// <summary>
    /// What gateways of the fleet show to be trusted: they may call <c>/internal/*</c>, and their <c>x-tiercel-*</c> headers are believed. Null for a server that
    /// trusts nobody.
    /// </summary>
    public Secret? ClusterSecret { get; init; }

    /// <summary>Name of this worker in its fleet; null for the model's.</summary>
    public string? WorkerName { get; init; }

    /// <summary>
    /// Certificate for TLS on all endpoints; null for plain text. With a client authority, a caller whose certificate it signed is trusted as one that shows the
    /// cluster secret, and callers without a certificate are refused.
    /// </summary>
    public TlsSettings? Tls { get; init; }

    /// <summary>Takes a line for people about something that happened; null for nobody.</summary>
    public Action<string>? Say { get; init; }

    /// <summary>Serve without keys on an address that others can reach.</summary>
    public bool NoAuth { get; init; }

    /// <summary>Host names that requests may carry, besides those of loopback. Unchecked when listening on other addresses and none are given.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>Origins of web pages that may call the API (<c>https://app.example</c>, or <c>*</c>).</summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>Further names of the model.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Largest body of a request.</summary>
    public long MaxBodyBytes { get; init; } = 16L << 20;

    /// <summary>Bytes of bodies held at one time, over all requests.</summary>
    public long MaxBufferedBodyBytes { get; init; } = 256L << 20;

    public int MaxConnections { get; init; } = 4096;

    /// <summary>Requests in the house at one time; the engine's own queue is bounded besides.</summary>
    public int MaxConcurrentRequests { get; init; } = 2048;

    /// <summary>Prompts of one request that are in the engine at one time.</summary>
    public int MaxPromptsInFlight { get; init; } = 64;

    /// <summary>How long the head of a stream waits for the first token, so that a failure before it is an HTTP error.</summary>
    public TimeSpan HeadHold { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest silence of a stream, after which a comment is sent.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a client that reads nothing is waited for, once the buffers on the way are full; then its request ends.</summary>
    public TimeSpan SlowReaderGrace { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Where a JSON line for each request goes; null for no log. Never holds prompt text or keys. The owner closes it.</summary>
    public Stream? RequestLog { get; init; }

    /// <summary>Seed of ids and of sampling seeds; null draws one.</summary>
    public ulong? Seed { get; init; }
}
