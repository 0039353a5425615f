namespace Tiercel.Engine.Models;

/// <summary>The function between the up and down projections of a feed-forward network.</summary>
internal enum ActivationKind
{
    /// <summary>silu(gate) * up.</summary>
    SiluGated,

    /// <summary>gelu(gate) * up, gelu in its tanh form.</summary>
    GeluGated,

    /// <summary>min(gate, 7) * sigmoid(1.702 * min(gate, 7)) * (clamp(up, -7, 7) + 1): gpt-oss.</summary>
    ClampedSwiglu,

    /// <summary>gelu(up) by the error function; there is no gate.</summary>
    GeluErf,
}
