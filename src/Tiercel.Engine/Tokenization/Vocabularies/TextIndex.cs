using System.Numerics;
using System.Text.Unicode;
using Tiercel.Engine.Formats;
using Tiercel.Engine.Tokenization.Merging;

namespace Tiercel.Engine.Tokenization.Vocabularies;

/// <summary>Text of a token to its id: open addressing, at most half full; a slot holds 32 bits of hash and the id.</summary>
internal sealed class TextIndex
{
    private readonly GgufTexts _texts;
    private readonly ulong[] _slots;

    private TextIndex(GgufTexts texts)
    {
        _texts = texts;
        _slots = new ulong[BitOperations.RoundUpToPowerOf2((uint)Math.Max(texts.Count * 2, 16))];
    }

    /// <summary>Indexes texts.</summary>
    /// <param name="repeated">Two entries with the same text, the first there are; null where all differ.</param>
    public static TextIndex Build(GgufTexts texts, out (int First, int Second)? repeated)
    {
        TextIndex index = new(texts);
        for (int id = 0; id < texts.Count; id++)
        {
            ReadOnlySpan<byte> text = texts.Utf8(id);
            ulong hash = PieceHash.Of(text);
            int slot = index.SlotOf(text, hash);
            if (index._slots[slot] != 0)
            {
                repeated = ((int)(uint)index._slots[slot] - 1, id);
                return index;
            }

            index._slots[slot] = (hash & 0xFFFFFFFF_00000000) | (uint)(id + 1);
        }

        repeated = null;
        return index;
    }

    /// <summary>The id of a text in UTF-8, or null.</summary>
    public int? Find(ReadOnlySpan<byte> text)
    {
        ulong slot = _slots[SlotOf(text, PieceHash.Of(text))];
        return slot == 0 ? null : (int)(uint)slot - 1;
    }

    /// <summary>The id of a text, or null; no token has a lone surrogate.</summary>
    public int? Find(string text)
    {
        int most = text.Length * 3;
        Span<byte> bytes = most <= 256 ? stackalloc byte[256] : new byte[most];
        return Utf8.FromUtf16(text, bytes, out _, out int count, replaceInvalidSequences: false) == System.Buffers.OperationStatus.Done ? Find(bytes[..count]) : null;
    }

    /// <summary>Where a text is, or the free place where it would be.</summary>
    private int SlotOf(ReadOnlySpan<byte> text, ulong hash)
    {
        int mask = _slots.Length - 1;
        for (int index = (int)hash & mask; ; index = (index + 1) & mask)
        {
            ulong slot = _slots[index];
            if (slot == 0 || ((slot ^ hash) >> 32 == 0 && _texts.Utf8((int)(uint)slot - 1).SequenceEqual(text)))
            {
                return index;
            }
        }
    }
}
