using Tiercel.Engine.Models;

namespace Tiercel.Engine.Serving;

/// <summary>The results of one chunk's rows: a range of the step's outputs.</summary>
internal readonly record struct ChunkOutputs(TransformerModel Model, int First, int Count)
{
    /// <summary>Logits or hidden state, as was asked for; valid until the next step.</summary>
    public Span<float> this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count);
            return Model.GetOutput(First + index);
        }
    }
}
