namespace Tiercel.Cli.Json;

/// <summary>What <c>tiercel serve --json</c> prints once it listens.</summary>
internal sealed record ServeStarted(
    string Url, string BaseUrl, string Model, string Path, int ContextLength, string MemoryPlan, int Threads, string KernelPath, bool NeedsApiKey);
