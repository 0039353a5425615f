namespace Tiercel.Engine.Tokenization.Merging;

/// <summary>
/// Remembers the tokens of recent pieces. Each hash has one slot and the last writer keeps it: bounded, without locks, and a reader sees a whole entry
/// or another one, because entries never change.
/// </summary>
internal sealed class PieceCache
{
    /// <summary>Bytes; longer pieces rarely come again.</summary>
    public const int LongestPiece = 48;

    /// <summary>About 2.5 MB if every entry is as large as it may be.</summary>
    private const int SlotCount = 8192;

    private readonly Entry?[] _slots = new Entry?[SlotCount];

    public bool TryWrite(ReadOnlySpan<byte> piece, ulong hash, ref TokenBuffer output)
    {
        Entry? entry = Volatile.Read(ref _slots[(int)(hash >> 20) & (SlotCount - 1)]);
        if (entry is null || !piece.SequenceEqual(entry.Piece))
        {
            return false;
        }

        output.Add(entry.Tokens);
        return true;
    }

    public void Keep(ReadOnlySpan<byte> piece, ulong hash, ReadOnlySpan<int> tokens)
        => Volatile.Write(ref _slots[(int)(hash >> 20) & (SlotCount - 1)], new Entry(piece.ToArray(), tokens.ToArray()));

    private sealed record Entry(byte[] Piece, int[] Tokens);
}
