using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using Tiercel.Gateway.Routing;

namespace Tiercel.Gateway.Tests.Routing;

public sealed class PromptFingerprintTests
{
    private static readonly FingerprintKey Key = FingerprintKey.From("secret of this process"u8);

    [Fact]
    public void Each_full_block_has_one_beginning()
    {
        foreach (int length in (int[])[0, 1, 511, 512, 513, 1023, 1024, 5000])
        {
            PromptFingerprint fingerprint = Of(Bytes(length, 1));
            Assert.Equal(length / PromptFingerprint.BlockBytes, fingerprint.Blocks);
            Assert.Equal(length, fingerprint.Bytes);
        }
    }

    [Fact]
    public void Prompts_share_beginnings_up_to_the_block_where_they_first_differ()
        => Prop.ForAll(
            Gen.Choose(0, 4095).Two().ToArbitrary(),
            pair =>
            {
                (int at, int bit) = pair;
                byte[] one = Bytes(4096, 2), other = Bytes(4096, 2);
                other[at] ^= (byte)(1 << (bit % 8));
                ulong[] left = Of(one).Beginnings.ToArray(), right = Of(other).Beginnings.ToArray();
                int block = at / PromptFingerprint.BlockBytes;
                return left.Take(block).SequenceEqual(right.Take(block)) && left.Skip(block).Zip(right.Skip(block)).All(each => each.First != each.Second);
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Fact]
    public void Tenant_model_tools_and_key_each_change_every_beginning()
    {
        byte[] prompt = Bytes(4096, 3);
        ulong[][] all =
        [
            PromptFingerprint.Of(Key, "a", "m", [], prompt).Beginnings.ToArray(),
            PromptFingerprint.Of(Key, "b", "m", [], prompt).Beginnings.ToArray(),
            PromptFingerprint.Of(Key, "a", "n", [], prompt).Beginnings.ToArray(),
            PromptFingerprint.Of(Key, "a", "m", "[]"u8, prompt).Beginnings.ToArray(),
            PromptFingerprint.Of(Key, "am", "", [], prompt).Beginnings.ToArray(),
            PromptFingerprint.Of(FingerprintKey.From("another"u8), "a", "m", [], prompt).Beginnings.ToArray(),
        ];
        Assert.Equal(all.Length * all[0].Length, all.SelectMany(each => each).Distinct().Count());
    }

    [Fact]
    public void A_prompt_in_pieces_has_the_fingerprint_of_the_whole()
        => Prop.ForAll(
            Gen.Choose(0, 3000).ListOf().ToArbitrary(),
            lengths =>
            {
                byte[] whole = Bytes(lengths.Sum(), 4);
                return PromptFingerprint.Of(Key, "t", "m", [], Pieces(whole, lengths)).Beginnings.SequenceEqual(PromptFingerprint.Of(Key, "t", "m", [], whole).Beginnings);
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void Swapped_blocks_and_words_are_other_prompts()
    {
        byte[] prompt = Bytes(1024, 5);
        byte[] blocks = [.. prompt[512..], .. prompt[..512]];
        byte[] words = [.. prompt[8..16], .. prompt[..8], .. prompt[16..]];
        byte[] pairs = [.. prompt[16..32], .. prompt[..16], .. prompt[32..]];
        Assert.Equal(4, new[] { prompt, blocks, words, pairs }.Select(bytes => Of(bytes).Beginnings[1]).Distinct().Count());
    }

    private static PromptFingerprint Of(byte[] prompt) => PromptFingerprint.Of(Key, "tenant", "model", [], prompt);

    private static byte[] Bytes(int length, int seed)
    {
        byte[] bytes = new byte[length];
        new System.Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static ReadOnlySequence<byte> Pieces(byte[] whole, IEnumerable<int> lengths)
    {
        Piece first = new(ReadOnlyMemory<byte>.Empty), last = first;
        int done = 0;
        foreach (int length in lengths)
        {
            last = last.Append(whole.AsMemory(done, length));
            done += length;
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory) => Memory = memory;

        public Piece Append(ReadOnlyMemory<byte> memory)
        {
            Piece next = new(memory) { RunningIndex = RunningIndex + Memory.Length };
            Next = next;
            return next;
        }
    }
}
