using Tiercel.Engine.Formats;

namespace Tiercel.Engine.Kernels;

/// <summary>Expands stored rows to float32; block layouts are those of ggml.</summary>
public static class Dequantizer
{
    /// <summary>Expands one row of whole blocks.</summary>
    public static void DequantizeRow(TensorType type, ReadOnlySpan<byte> source, Span<float> destination) => throw new NotImplementedException();
}
