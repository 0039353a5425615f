using Tiercel.Engine.Kernels;
using Tiercel.Engine.KvCache;

namespace Tiercel.Engine.Models;

/// <summary>How a model is brought into memory.</summary>
public sealed record ModelLoadOptions
{
    public WeightPrecision WeightPrecision { get; init; } = WeightPrecision.AsStored;

    public KvType KvType { get; init; } = KvType.F16;

    /// <summary>The context that will be configured, in tokens (long-rope models choose their factors by it); null for the trained one.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Rows a step may have.</summary>
    public int MaxRows { get; init; } = 512;

    /// <summary>Rows of a step whose logits may be asked for.</summary>
    public int MaxOutputs { get; init; } = 64;
}
