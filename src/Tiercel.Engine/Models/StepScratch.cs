using Tiercel.Engine.Kernels;

namespace Tiercel.Engine.Models;

/// <summary>Memory that a step works in, made once for the largest step.</summary>
internal sealed class StepScratch : IDisposable
{
    private readonly List<FloatBuffer> _buffers = [];

    public StepScratch(ModelSpec spec, int maxRows, int maxOutputs)
    {
        Residual = Make(maxRows, spec.EmbeddingLength);
        Normed = Make(maxRows, spec.EmbeddingLength);
        QueryKeyValue = Make(maxRows, spec.QueryWidth + spec.KeyWidth + spec.ValueWidth);
        Attention = Make(maxRows, spec.AttentionWidth);
        Block = Make(maxRows, spec.EmbeddingLength);
        GateUp = Make(maxRows, checked(2 * spec.FeedForwardLength));
        Rotations = [.. spec.Rotaries.Select(_ => Make(maxRows, spec.RotaryLength))];
        Hidden = Make(maxRows, spec.EmbeddingLength);
        LogitInputs = Make(maxOutputs, spec.EmbeddingLength);
        Logits = Make(spec.IsCausal ? maxOutputs : 0, spec.VocabularySize);
        int widest = Math.Max(Math.Max(spec.EmbeddingLength, spec.AttentionWidth), Math.Max(spec.FeedForwardLength, spec.Experts?.FeedForwardLength ?? 0));
        Activations = new ActivationRows(Math.Max(maxRows, maxOutputs), (widest + 31) / 32 * 32);
    }

    /// <summary>[rows, embedding length]: the residual stream.</summary>
    public FloatRows Residual { get; }

    /// <summary>[rows, embedding length]: what the next projection reads where it is not the residual stream itself.</summary>
    public FloatRows Normed { get; }

    /// <summary>[rows, query width + key width + value width].</summary>
    public FloatRows QueryKeyValue { get; }

    /// <summary>[rows, heads * value length].</summary>
    public FloatRows Attention { get; }

    /// <summary>[rows, embedding length]: what a block adds to the residual stream.</summary>
    public FloatRows Block { get; }

    /// <summary>[rows, 2 * feed-forward length]: gate, then up.</summary>
    public FloatRows GateUp { get; }

    /// <summary>For each rotary encoding [rows, rotary length]: cosines, then sines.</summary>
    public FloatRows[] Rotations { get; }

    /// <summary>[rows, embedding length]: results of kind Hidden.</summary>
    public FloatRows Hidden { get; }

    /// <summary>[outputs, embedding length].</summary>
    public FloatRows LogitInputs { get; }

    /// <summary>[outputs, vocabulary].</summary>
    public FloatRows Logits { get; }

    public ActivationRows Activations { get; }

    public void Dispose()
    {
        Activations.Dispose();
        foreach (FloatBuffer buffer in _buffers)
        {
            buffer.Dispose();
        }
    }

    private FloatRows Make(int rows, int columns)
    {
        FloatBuffer buffer = new(rows, columns);
        _buffers.Add(buffer);
        return buffer.All;
    }
}
