using System.Runtime.CompilerServices;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>What a tile is packed from: 16 stored rows. Where the matrix has fewer, the last is there again, and its scales are left out.</summary>
internal unsafe struct PackingRows
{
    private Addresses _rows;

    /// <summary>Rows that are the tile's own, 1 to 16.</summary>
    public int Count { get; init; }

    /// <param name="first">The first stored row.</param>
    public static PackingRows Of(byte* first, long rowBytes, int count)
    {
        PackingRows rows = new() { Count = count };
        for (int lane = 0; lane < TileKind.Outputs; lane++)
        {
            rows._rows[lane] = (nint)(first + (Math.Min(lane, count - 1) * rowBytes));
        }

        return rows;
    }

    /// <summary>First byte of a row.</summary>
    public readonly byte* this[int lane]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (byte*)_rows[lane];
    }

    [InlineArray(TileKind.Outputs)]
    private struct Addresses
    {
        private nint _first;
    }
}
