using Tiercel.Engine.Formats;

namespace Tiercel.Engine.Kernels;

/// <summary>A matrix as it lies in a file.</summary>
/// <param name="Type">Type of the stored elements.</param>
/// <param name="Data">Row-major [outputs, inputs] as in GGUF.</param>
/// <param name="Outputs">Rows.</param>
/// <param name="Inputs">Columns; whole blocks of the type.</param>
internal readonly record struct StoredTensor(TensorType Type, nint Data, int Outputs, int Inputs)
{
    /// <exception cref="ModelFormatException">The type is not supported.</exception>
    /// <exception cref="ArgumentException">There is no data, or the sizes are not whole blocks.</exception>
    public void Check()
    {
        ArgumentOutOfRangeException.ThrowIfEqual(Data, 0);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Outputs);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Inputs);
        TensorLayout layout = TensorLayout.Of(Type);
        if (Inputs % layout.BlockElements != 0)
        {
            throw new ArgumentException($"{Inputs} inputs are not whole blocks of {layout.BlockElements} ({Type})");
        }
    }
}
