using System.Buffers;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Endpoints;
using Tiercel.Gateway.Identity;
using Tiercel.Gateway.Routing;
using Tiercel.Gateway.Telemetry;
using Tiercel.Gateway.Upstreams;

namespace Tiercel.Gateway.Fleet;

/// <summary>One request on its way through the nine steps, and what each step found out.</summary>
internal sealed class FleetRequest(Exchange exchange, long number, BodyKind kind, string path, TimeSpan arrived)
{
    public Exchange Exchange { get; } = exchange;

    /// <summary>Unique within the process. Retries and resumes keep it.</summary>
    public long Number { get; } = number;

    public BodyKind Kind { get; } = kind;

    /// <summary>Path as the API names it.</summary>
    public string Path { get; } = path;

    public TimeSpan Arrived { get; } = arrived;

    public required Caller Caller { get; init; }

    /// <summary>The original bytes, until the request is put away.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    public required ScannedBody Scanned { get; init; }

    /// <summary>The model's name as the client said it, or that of the only route.</summary>
    public required string Model { get; init; }

    public required string PoolName { get; init; }

    public ServiceClass? Class { get; init; }

    public PromptFingerprint Fingerprint { get; init; } = PromptFingerprint.Empty;

    /// <summary>Id of the answer, time of its making and seed: given by the gateway, so that every worker that goes on with it says the same.</summary>
    public required string AnswerId { get; init; }

    public required long CreatedUnixSeconds { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>Told of each step; null where nobody listens, as in simulations.</summary>
    public RequestTelemetry? Telemetry { get; init; }

    /// <summary>Prompt and largest output as estimated on arrival, for limits and fairness.</summary>
    public long EstimatedTokens { get; set; }

    /// <summary>It was counted among what its tenant asks of the pool.</summary>
    public bool HasAsked { get; set; }

    /// <summary>Choices of the answer: those of each prompt times the prompts.</summary>
    public int Choices => Scanned.Choices * Scanned.Prompts;

    /// <summary>Recognises the request when it is sent again. Made when first asked for.</summary>
    public UInt128 BodyFingerprint(ReadOnlySpan<byte> key) =>
        KnownBody ??= Recovery.BodyFingerprint.Of(key, Caller.Tenant.Name, Path, new ReadOnlySequence<byte>(Body));

    /// <summary>That fingerprint, once it was made.</summary>
    public UInt128? KnownBody { get; set; }

    /// <summary>Replicas of all attempts so far, oldest first.</summary>
    public List<int> Tried { get; } = [];

    /// <summary>Why the request went where it went, one line for each attempt.</summary>
    public List<AttemptRecord> Attempts { get; } = [];

    /// <summary>From arrival to the first event with content.</summary>
    public TimeSpan? FirstToken { get; set; }

    /// <summary>Time on upstreams, over all attempts.</summary>
    public TimeSpan EngineTime { get; set; }

    /// <summary>As the upstream that ended it told; null while none has.</summary>
    public TokenUsage? Usage { get; set; }

    /// <summary>The usage that the client was told is the gateway's own count, because the engine was lost before it told any.</summary>
    public bool UsageIsEstimated { get; set; }

    /// <summary>Tokens that workers told of while streaming; what is billed when the stream was cut before its usage came.</summary>
    public int StreamedTokens { get; set; }

    /// <summary>Events with content that foreign engines sent; about a token each.</summary>
    public int StreamedEvents { get; set; }

    public RouteDecision? Decision { get; set; }

    public string Upstream { get; set; } = "";

    public PriceSettings Price { get; set; } = new();
}
