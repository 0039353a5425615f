using System.Runtime.InteropServices;

namespace Tiercel.Engine.Kernels;

/// <summary>Native memory for float32 rows, zeroed, each row starting on a cache line (64 bytes). Scratch of a step is made once from it.</summary>
public sealed unsafe class FloatBuffer : IDisposable
{
    private const int CacheLineFloats = 16;

    private float* _address;

    public FloatBuffer(int rowCount, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rowCount);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        RowCount = rowCount;
        Columns = columns;
        Stride = checked((columns + CacheLineFloats - 1) / CacheLineFloats * CacheLineFloats);
        nuint bytes = checked((nuint)rowCount * (nuint)Stride * sizeof(float));
        _address = (float*)NativeMemory.AlignedAlloc(bytes, 64);
        NativeMemory.Clear(_address, bytes);
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
        NativeMemory.AlignedFree(_address);
        _address = null;
    }
}
