using System.Runtime.InteropServices;

namespace Tiercel.Engine.Tokenization.Merging;

/// <summary>A hash of short byte strings: two multiplications for up to 16 bytes. Only used inside one process, so byte order does not matter.</summary>
internal static class PieceHash
{
    private const ulong First = 0x9E3779B97F4A7C15;
    private const ulong Second = 0xD6E8FEB86659FD93;

    public static ulong Of(ReadOnlySpan<byte> piece)
    {
        ulong state = (ulong)piece.Length * First;
        while (piece.Length > 16)
        {
            state = Mix(state ^ MemoryMarshal.Read<ulong>(piece), MemoryMarshal.Read<ulong>(piece[8..]) ^ Second);
            piece = piece[16..];
        }

        ulong low;
        ulong high = 0;
        if (piece.Length >= 8)
        {
            // The two reads overlap where fewer than 16 bytes are left; every byte is in at least one of them.
            low = MemoryMarshal.Read<ulong>(piece);
            high = MemoryMarshal.Read<ulong>(piece[^8..]);
        }
        else if (piece.Length >= 4)
        {
            low = MemoryMarshal.Read<uint>(piece) | ((ulong)MemoryMarshal.Read<uint>(piece[^4..]) << 32);
        }
        else if (piece.Length > 0)
        {
            low = piece[0] | ((ulong)piece[piece.Length / 2] << 8) | ((ulong)piece[^1] << 16);
        }
        else
        {
            low = 0;
        }

        return Mix(low ^ Second, Mix(high ^ state, First));
    }

    private static ulong Mix(ulong left, ulong right)
    {
        ulong high = Math.BigMul(left, right, out ulong low);
        return high ^ low;
    }
}
