using System.Numerics;
using System.Text;
using Tiercel.Engine.Formats;
using Tiercel.Engine.Tokenization.Vocabularies;

namespace Tiercel.Engine.Tokenization.Merging;

/// <summary>
/// The merges of a byte-pair vocabulary: (left id, right id) to rank. One 64-bit word an entry: left in bits 43 to 63, right in bits 22 to 42, rank
/// below; open addressing at most half full, so that a lookup is about one cache line.
/// </summary>
internal sealed class MergeTable
{
    public const uint None = uint.MaxValue;

    private const int RankBits = 22;
    private const int RightBits = 21;
    private const ulong Empty = ulong.MaxValue;

    private readonly ulong[] _slots;
    private readonly int[] _merged;
    private readonly int _shift;

    private MergeTable(int count)
    {
        int bits = BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)Math.Max(count * 2, 16)));
        _slots = new ulong[1 << bits];
        Array.Fill(_slots, Empty);
        _shift = 64 - bits;
        _merged = new int[count];
    }

    /// <summary>The rank of the merge of two tokens, or <see cref="None"/>.</summary>
    public uint Find(int left, int right)
    {
        ulong key = ((ulong)(uint)left << RightBits) | (uint)right;
        ulong[] slots = _slots;
        int mask = slots.Length - 1;
        for (int index = Start(key); ; index = (index + 1) & mask)
        {
            ulong slot = slots[index & mask];
            if (slot >> RankBits == key)
            {
                return (uint)(slot & ((1u << RankBits) - 1));
            }

            if (slot == Empty)
            {
                return None;
            }
        }
    }

    /// <summary>The token that a merge gives.</summary>
    public int MergedBy(uint rank) => _merged[rank];

    /// <param name="table">The tokens by the bytes that they stand for.</param>
    /// <exception cref="Formats.ModelFormatException">A merge is malformed or speaks of tokens that are not there.</exception>
    public static MergeTable Read(GgufTexts merges, Vocabulary vocabulary, PieceTable table)
    {
        // The last rank is kept free: with all ones in left and right it would spell an empty slot.
        if (merges.Count >= (1 << RankBits) - 1)
        {
            throw VocabularyReader.Wrong(TokenizerKeys.Merges, $"has {merges.Count} entries; up to {(1 << RankBits) - 2} can be used");
        }

        MergeTable result = new(merges.Count);
        byte[] bytes = new byte[256];
        int merged = -1;
        for (int rank = 0; rank < merges.Count; rank++)
        {
            ReadOnlySpan<byte> merge = merges.Utf8(rank);

            // A token may itself be one space, so the separator is looked for after the first character.
            int space = merge.Length > 2 ? merge[1..].IndexOf((byte)' ') + 1 : 0;
            if (space == 0 || space == merge.Length - 1)
            {
                throw VocabularyReader.Wrong(TokenizerKeys.Merges, $"is not two tokens with a space between at entry {rank}");
            }

            if (bytes.Length < merge.Length)
            {
                bytes = new byte[merge.Length];
            }

            ReadOnlySpan<byte> left = merge[..space];
            ReadOnlySpan<byte> right = merge[(space + 1)..];
            if (ByteAlphabet.TryDecode(left, bytes, out int leftCount) && ByteAlphabet.TryDecode(right, bytes.AsSpan(leftCount), out int rightCount))
            {
                ReadOnlySpan<byte> whole = bytes.AsSpan(0, leftCount + rightCount);

                // Vocabularies usually number their tokens in the order of the merges.
                merged = merged + 1 < vocabulary.Count && table.KeyOf(merged + 1).SequenceEqual(whole) ? merged + 1 : Require(table.Find(whole), left, right, rank, vocabulary);
                int first = Require(table.Find(whole[..leftCount]), left, [], rank, vocabulary);
                result.Insert(first, Require(table.Find(whole[leftCount..]), [], right, rank, vocabulary), rank, merged, vocabulary);
            }
            else
            {
                // Texts outside the byte alphabet never come of text; they are looked up so that the list is checked to its end.
                _ = Require(-1, left, right, rank, vocabulary);
            }
        }

        return result;
    }

    /// <summary>A token by its bytes, or else by its text: the bytes of control tokens are not in the table.</summary>
    private static int Require(int token, ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, int rank, Vocabulary vocabulary)
    {
        if (token >= 0)
        {
            return token;
        }

        ReadOnlySpan<byte> whole = [.. left, .. right];
        if (vocabulary.Find(whole) is int found)
        {
            return found;
        }

        string text = Encoding.UTF8.GetString(whole);
        throw VocabularyReader.Wrong(TokenizerKeys.Merges, $"at entry {rank} needs the token '{(text.Length > 40 ? text[..40] : text)}', which is not in the vocabulary");
    }

    private void Insert(int left, int right, int rank, int merged, Vocabulary vocabulary)
    {
        _merged[rank] = merged;

        // A merge that ends in a control token is never applied: text would become control by being spelt.
        if (vocabulary.IsControl(merged))
        {
            return;
        }

        ulong key = ((ulong)(uint)left << RightBits) | (uint)right;
        for (int index = Start(key); ; index = (index + 1) & (_slots.Length - 1))
        {
            if (_slots[index] == Empty)
            {
                _slots[index] = (key << RankBits) | (uint)rank;
                return;
            }

            // A pair that is listed twice keeps its first rank.
            if (_slots[index] >> RankBits == key)
            {
                return;
            }
        }
    }

    private int Start(ulong key) => (int)((key * 0x9E3779B97F4A7C15) >> _shift);
}
