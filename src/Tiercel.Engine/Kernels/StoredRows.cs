using Tiercel.Engine.Formats;

namespace Tiercel.Engine.Kernels;

/// <summary>
/// Rows of a stored tensor that are expanded to float32 one at a time where they lie, in the mapped file: embedding tables, norms, biases. The file must stay
/// open as long as this is used.
/// </summary>
internal sealed unsafe class StoredRows
{
    private readonly byte* _address;
    private readonly int _rowBytes;
    private readonly TensorType _type;

    /// <param name="file">The open model that holds the tensor.</param>
    /// <param name="tensor">A tensor of it, whose size has been checked against the file.</param>
    public StoredRows(GgufFile file, GgufTensor tensor)
    {
        _address = (byte*)file.GetAddress(tensor);
        _type = tensor.Type;
        Columns = checked((int)tensor.Columns);
        RowCount = checked((int)tensor.Rows);
        _rowBytes = checked((int)TensorLayout.Of(tensor.Type).RowBytes(tensor.Columns));
        if ((long)_rowBytes * RowCount > tensor.ByteCount)
        {
            throw new ModelFormatException($"tensor '{tensor.Name}' holds {tensor.ByteCount} bytes, fewer than its shape needs");
        }
    }

    public int RowCount { get; }

    public int Columns { get; }

    /// <summary>Expands one row.</summary>
    public void Read(int row, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)RowCount);
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, Columns);
        Dequantizer.DequantizeRow(_type, new ReadOnlySpan<byte>(_address + ((long)row * _rowBytes), _rowBytes), destination);
    }
}
