namespace Tiercel.Simulation.Routing;

/// <summary>What a simulated engine's step takes, in seconds: base + prompt tokens + running decodes + tokens of their contexts. An engine of relative speed 2 takes half.</summary>
internal sealed record EngineTimes
{
    public double Step { get; init; } = 0.008;

    public double PromptToken { get; init; } = 0.000125;

    public double Decode { get; init; } = 0.0002;

    public double ContextToken { get; init; } = 2e-8;

    public double OfStep(int promptTokens, int decodes, long context)
        => Step + promptTokens * PromptToken + decodes * Decode + context * ContextToken;
}
