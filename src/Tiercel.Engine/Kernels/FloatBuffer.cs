using System.Runtime.InteropServices;

namespace Tiercel.Engine.Kernels;

/// <summary>
/// Native memory for float32 rows, zeroed, each row starting on a cache line (64 bytes). Scratch of a step is made once from it, for the largest step; the system commits a page when it is first
/// written, so that rows which no step has needed cost nothing.
/// </summary>
public sealed unsafe class FloatBuffer : IDisposable
{
    private const int CacheLineFloats = 16;
    private const int CacheLine = CacheLineFloats * sizeof(float);

    private void* _allocation;
    private float* _address;

    public FloatBuffer(int rowCount, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rowCount);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        RowCount = rowCount;
        Columns = columns;
        Stride = checked((columns + CacheLineFloats - 1) / CacheLineFloats * CacheLineFloats);
        _allocation = NativeMemory.AllocZeroed(checked(((nuint)rowCount * (nuint)Stride * sizeof(float)) + CacheLine));
        _address = (float*)(((nuint)_allocation + CacheLine - 1) / CacheLine * CacheLine);
    }

    public int RowCount { get; }

    public int Columns { get; }

    public int Stride { get; }

    /// <summary>All rows.</summary>
    public FloatRows All
    {
        get
        {
            ObjectDisposedException.ThrowIf(_address is null, this);
            return new FloatRows(_address, RowCount, Columns, Stride);
        }
    }

    public void Dispose()
    {
        NativeMemory.Free(_allocation);
        _allocation = null;
        _address = null;
    }
}
