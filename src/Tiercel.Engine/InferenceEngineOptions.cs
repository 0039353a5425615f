using Tiercel.Engine.Kernels;
using Tiercel.Engine.KvCache;

namespace Tiercel.Engine;

/// <summary>How an engine is set up. Everything left null is chosen from the model and the machine, and stated in the memory plan.</summary>
public sealed record InferenceEngineOptions
{
    /// <summary>The name the model is served under; null for the one in the file, or the file's own.</summary>
    public string? ModelName { get; init; }

    /// <summary>Threads that compute, the step thread included; null for one a processor.</summary>
    public int? Threads { get; init; }

    /// <summary>Tokens one request may use, prompt and output; null for what the model was trained for, or what fits.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Bytes of key/value cache; null for a share of the free memory.</summary>
    public long? KvMemoryBytes { get; init; }

    public KvType KvType { get; init; } = KvType.F16;

    public WeightPrecision WeightPrecision { get; init; } = WeightPrecision.AsStored;

    /// <summary>Requests that may wait; one more is refused with <see cref="EngineErrorKind.QueueFull"/>.</summary>
    public int MaxWaitingRequests { get; init; } = 512;

    /// <summary>Choices that may run at once; null for as many as the logits of one step allow.</summary>
    public int? MaxRunning { get; init; }

    /// <summary>Rows a step may have.</summary>
    public int StepTokens { get; init; } = 512;

    /// <summary>While streams run, a step is planned to take no longer than this.</summary>
    public TimeSpan StepTarget { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The engine counts as dead when it has work and no step ends for this long.</summary>
    public TimeSpan HealthTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Free memory in bytes to plan with; null for what the machine says.</summary>
    public long? AvailableMemoryBytes { get; init; }
}
