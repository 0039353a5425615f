namespace Tiercel.Engine.Kernels;

/// <summary>
/// A view of float32 rows in native memory: [<see cref="RowCount"/>, <see cref="Columns"/>] with <see cref="Stride"/> floats from row to row. It carries its bounds, so that
/// code outside the kernels can slice it without pointers; it does not own the memory.
/// </summary>
public readonly unsafe struct FloatRows
{
    internal FloatRows(float* address, int rowCount, int columns, int stride)
    {
        Address = address;
        RowCount = rowCount;
        Columns = columns;
        Stride = stride;
    }

    public int RowCount { get; }

    public int Columns { get; }

    /// <summary>Floats from the start of one row to the start of the next.</summary>
    public int Stride { get; }

    /// <summary>First element of the first row.</summary>
    internal float* Address { get; }

    /// <summary>One row, [<see cref="Columns"/>].</summary>
    public Span<float> this[int row]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(row);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, RowCount);
            return new Span<float>(Address + ((long)row * Stride), Columns);
        }
    }

    /// <summary>Rows <paramref name="first"/> to <paramref name="first"/> + <paramref name="count"/> - 1.</summary>
    public FloatRows Rows(int first, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first + count, RowCount);
        return new FloatRows(Address + ((long)first * Stride), count, Columns, Stride);
    }

    /// <summary>Columns <paramref name="first"/> to <paramref name="first"/> + <paramref name="count"/> - 1 of every row.</summary>
    public FloatRows Slice(int first, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first + count, Columns);
        return new FloatRows(Address + first, RowCount, count, Stride);
    }
}
