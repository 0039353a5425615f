using Tiercel.Engine;

namespace Tiercel.Cli.Startup;

/// <summary>An engine with what is worth telling about how it was set up. Disposing it ends the engine.</summary>
internal sealed record LoadedEngine : IDisposable
{
    public required IInferenceEngine Engine { get; init; }

    /// <summary>How context and cache were sized, one line.</summary>
    public required string MemoryPlan { get; init; }

    public required int Threads { get; init; }

    /// <summary>The instruction sets that its kernels use.</summary>
    public required string KernelPath { get; init; }

    /// <summary>Takes no new requests and waits for the running ones, or for the token.</summary>
    public required Func<CancellationToken, Task> DrainAsync { get; init; }

    public IDisposable? Owner { get; init; }

    public void Dispose() => Owner?.Dispose();
}
