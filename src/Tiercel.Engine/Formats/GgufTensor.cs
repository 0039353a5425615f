namespace Tiercel.Engine.Formats;

/// <summary>Where a tensor lies and what it holds; checked against the file when it was opened.</summary>
/// <param name="Name">As in the file, at most 64 bytes.</param>
/// <param name="Type">Type of the elements.</param>
/// <param name="Shape">One to four sizes; the first is contiguous (the input side of a matrix).</param>
/// <param name="FileIndex">Which file of a split model, from 0.</param>
/// <param name="Offset">Byte offset from the start of that file.</param>
/// <param name="ByteCount">Bytes of data.</param>
public sealed record GgufTensor(string Name, TensorType Type, IReadOnlyList<long> Shape, int FileIndex, long Offset, long ByteCount)
{
    /// <summary>Elements in a row, the contiguous dimension.</summary>
    public long Columns => Shape[0];

    /// <summary>Product of all sizes but the first.</summary>
    public long Rows => Shape.Skip(1).Aggregate(1L, (product, size) => checked(product * size));
}
