namespace Tiercel.Engine.Models;

/// <summary>One rotary position encoding: angle of pair i at position p is p * frequency(i), sine and cosine multiplied by <see cref="Magnitude"/>.</summary>
internal sealed record RotarySpec
{
    public float FrequencyBase { get; init; } = 10000;

    /// <summary>1 / (context extension factor): interpolates positions.</summary>
    public float FrequencyScale { get; init; } = 1;

    /// <summary>Share of YaRN's extrapolation: 0 for plain and linear scaling, 1 for YaRN.</summary>
    public float YarnMix { get; init; }

    public float YarnBetaFast { get; init; } = 32;

    public float YarnBetaSlow { get; init; } = 1;

    /// <summary>Tokens of context before it was extended; where YaRN's ramp lies depends on it.</summary>
    public int OriginalContextLength { get; init; }

    public float Magnitude { get; init; } = 1;

    /// <summary>Tensor of [rotary length / 2] divisors of the frequencies (llama 3, long-rope), or null.</summary>
    public string? FactorsTensor { get; init; }
}
