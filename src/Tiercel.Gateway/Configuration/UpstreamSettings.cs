namespace Tiercel.Gateway.Configuration;

/// <summary>One engine.</summary>
public sealed record UpstreamSettings
{
    /// <summary>Name within the fleet, unique.</summary>
    public required string Name { get; init; }

    public required UpstreamKind Kind { get; init; }

    /// <summary>Base address, with the path before <c>/v1</c> if there is one. Null when embedded.</summary>
    public Uri? Url { get; init; }

    /// <summary>Sent as <c>Authorization: Bearer</c> to foreign engines.</summary>
    public Secret? Key { get; init; }

    /// <summary>What the engine calls the model; null for the name the client used.</summary>
    public string? Model { get; init; }

    public UpstreamCapabilities Capabilities { get; init; } = UpstreamCapabilities.Chat | UpstreamCapabilities.Completions | UpstreamCapabilities.Embeddings;

    public PriceSettings Price { get; init; } = new();

    /// <summary>From the request being sent to the first byte of the answer's body.</summary>
    public TimeSpan FirstByteTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Longest silence after that.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Requests that the upstream gets at one time; the adaptive limit of foreign engines stays below it.</summary>
    public int MaxConcurrency { get; init; } = 256;
}
