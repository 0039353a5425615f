using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels;
using Tiercel.Engine.KvCache;

namespace Tiercel.Engine.Models;

/// <summary>A model in memory: one forward pass that executes a <see cref="ModelSpec"/>. Used by one thread at a time.</summary>
public sealed class TransformerModel : IDisposable
{
    /// <summary>Reads the specification and repacks the weights.</summary>
    /// <exception cref="ModelFormatException">A tensor or key is missing, or shapes disagree.</exception>
    public static TransformerModel Load(GgufFile file, ModelLoadOptions options, ThreadTeam team) => throw new NotImplementedException();

    public ModelSpec Spec => throw new NotImplementedException();

    /// <summary>Bytes of weights in memory.</summary>
    public long WeightBytes => throw new NotImplementedException();

    /// <summary>
    /// Runs one step: writes keys and values of every row, then attends, layer by layer, so that a row may read what another row of the
    /// same step has written.
    /// </summary>
    /// <param name="batch">At most <see cref="ModelLoadOptions.MaxRows"/> rows.</param>
    /// <param name="cache">Null for encoders, which keep nothing.</param>
    public void Forward(StepBatch batch, KvStorage? cache) => throw new NotImplementedException();

    /// <summary>Result of the i-th entry of <see cref="StepBatch.Outputs"/>, valid (and writable) until the next step.</summary>
    public Span<float> GetOutput(int index) => throw new NotImplementedException();

    public void Dispose()
    {
    }
}
