using System.Buffers.Binary;
using System.Text;
using Tiercel.Engine.Formats;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Formats;

/// <summary>The catalogue of malicious model files: each is refused with the name of the field that is wrong, within a second and 64 MiB.</summary>
public sealed class GgufHostileFilesTests
{
    [Theory]
    [InlineData("magic", 0x4647_5547ul, "magic")]
    [InlineData("magic", 0x4747_5546ul, "byte-swapped")]
    [InlineData("magic", 0x6767_6D6Cul, "older than GGUF")]
    [InlineData("magic", 0x7372_6576ul, "Git LFS pointer")]
    [InlineData("version", 0ul, "version is 0")]
    [InlineData("version", 1ul, "version is 1")]
    [InlineData("version", 4ul, "version is 4")]
    [InlineData("version", uint.MaxValue, "version is 4294967295")]
    [InlineData("version", 0x0300_0000ul, "byte-swapped")]
    [InlineData("tensors", ulong.MaxValue, "tensor count is 18446744073709551615")]
    [InlineData("tensors", 65_536ul, "tensor count is 65536, for which")]
    [InlineData("tensors", 3ul, "name of tensor 2")]
    [InlineData("entries", ulong.MaxValue, "metadata count is 18446744073709551615")]
    [InlineData("entries", 1ul << 63, "metadata count is 9223372036854775808")]
    [InlineData("entries", 65_536ul, "metadata count is 65536, for which")]
    [InlineData("key a.u8", ulong.MaxValue, "key of metadata entry 2")]
    [InlineData("key a.u8", 65_535ul, "key of metadata entry 2")]
    [InlineData("type a.u8", 13ul, "value type 13 is unknown")]
    [InlineData("type a.u8", uint.MaxValue, "value type 4294967295 is unknown")]
    [InlineData("value a.bool", 2ul, "'a.bool': a boolean is 2")]
    [InlineData("value general.architecture", ulong.MaxValue, "'general.architecture'")]
    [InlineData("value general.architecture", 16ul << 20, "'general.architecture'")]
    [InlineData("value general.architecture", 1ul << 40, "'general.architecture'")]
    [InlineData("value general.alignment", 13ul, "'general.alignment' is 13")]
    [InlineData("value general.alignment", 0ul, "'general.alignment' is 0")]
    [InlineData("value general.alignment", 1ul << 31, "'general.alignment' is 2147483648")]
    [InlineData("value general.alignment", 0xFFFF_FFE1ul, "'general.alignment'")]
    [InlineData("value general.alignment", 128ul, "offset of tensor 'blk.0.ffn_up.weight'", "it must be 128")]
    [InlineData("type general.alignment", 6ul, "'general.alignment' is not an integer")]
    [InlineData("name token_embd.weight", ulong.MaxValue, "name of tensor 0")]
    [InlineData("name token_embd.weight", 65ul, "name of tensor 0")]
    [InlineData("rank token_embd.weight", 0ul, "'token_embd.weight' has 0 dimensions")]
    [InlineData("rank token_embd.weight", 5ul, "'token_embd.weight' has 5 dimensions")]
    [InlineData("rank token_embd.weight", uint.MaxValue, "has 4294967295 dimensions")]
    [InlineData("size0 token_embd.weight", 0ul, "dimension 0 of tensor 'token_embd.weight' is 0")]
    [InlineData("size1 token_embd.weight", ulong.MaxValue, "dimension 1 of tensor 'token_embd.weight'")]
    [InlineData("size1 token_embd.weight", 1ul << 62, "'token_embd.weight', 4 x 4611686018427387904, multiply")]
    [InlineData("size1 token_embd.weight", 1ul << 60, "'token_embd.weight', 4 x 1152921504606846976, multiply")]
    [InlineData("size1 token_embd.weight", 1ul << 58, "offset of tensor 'blk.0.ffn_up.weight'")]
    [InlineData("size0 blk.0.ffn_up.weight", 65ul, "rows of 65 elements", "multiple of 32")]
    [InlineData("size1 blk.0.ffn_up.weight", 3ul, "data of tensor 'blk.0.ffn_up.weight' ends", "the file ends")]
    [InlineData("type token_embd.weight", 9ul, "9 (Q8_1)")]
    [InlineData("type token_embd.weight", 4ul, "4 (removed from GGUF)")]
    [InlineData("type token_embd.weight", 16ul, "16 (IQ2_XXS)")]
    [InlineData("type token_embd.weight", 77ul, "77 (unknown)")]
    [InlineData("type token_embd.weight", uint.MaxValue, "4294967295 (unknown)")]
    [InlineData("offset token_embd.weight", 32ul, "offset of tensor 'token_embd.weight' is 32", "it must be 0")]
    [InlineData("offset blk.0.ffn_up.weight", 0ul, "offset of tensor 'blk.0.ffn_up.weight' is 0", "it must be 64")]
    [InlineData("offset blk.0.ffn_up.weight", 63ul, "offset of tensor 'blk.0.ffn_up.weight' is 63")]
    [InlineData("offset blk.0.ffn_up.weight", ulong.MaxValue - 31, "offset of tensor 'blk.0.ffn_up.weight' is 18446744073709551584")]
    public void A_field_with_a_wrong_value_is_refused_by_name(string mark, ulong value, params string[] words)
        => GgufProbe.Refused(GgufSamples.Small().ToArray((mark, value)), words);

    [Fact]
    public void Every_file_cut_short_is_refused()
    {
        byte[] whole = GgufSamples.Small().ToArray();
        using TemporaryFolder folder = new();
        string path = folder.File("model.gguf");
        Assert.Null(GgufProbe.Open(whole));
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(path, whole.AsSpan(0, length));
            GgufProbe.Refused(GgufProbe.Open(path), "model.gguf: ");
        }
    }

    [Theory]
    [InlineData(0u, 16 << 20, "the file ends")]
    [InlineData(0u, (16 << 20) + 1, "the limit is 16777216 bytes")]
    [InlineData(8u, 2 << 20, "the file ends")]
    [InlineData(8u, (2 << 20) + 1, "the limit is 16777216 bytes")]
    [InlineData(10u, 1L << 61, "the limit is 16777216 bytes")]
    [InlineData(4u, -1L, "the limit is 16777216 bytes")]
    [InlineData(9u, 1L << 60, "the limit is 16777216 bytes")]
    [InlineData(13u, 1, "element type 13 is unknown")]
    public void An_array_that_states_more_than_there_is_is_refused_before_it_is_allocated(uint elementType, long count, string words)
        => GgufProbe.Refused(new GgufWriter().AddRaw("a.list", 9, ArrayHead(elementType, count)).ToArray(), "'a.list'", words);

    [Fact]
    public void Arrays_nested_ten_thousand_deep_are_refused()
    {
        byte[] level = ArrayHead(9, 1);
        byte[] value = [.. Enumerable.Repeat(level, 10_000).SelectMany(bytes => bytes), .. ArrayHead(0, 0)];
        GgufProbe.Refused(new GgufWriter().AddRaw("a.deep", 9, value).ToArray(), "'a.deep'", "nested more than 4 deep");
    }

    [Theory]
    [InlineData(0u, 1)]
    [InlineData(8u, 8)]
    [InlineData(9u, 12)]
    public void Values_that_are_small_in_the_file_and_large_in_memory_stop_at_the_limit(uint elementType, int elementBytes)
    {
        // Arrays of bytes grow eightfold when widened; the empty strings and arrays are all zero bytes, and so are the small numbers.
        int count = (16 << 20) / elementBytes;
        byte[] value = [.. ArrayHead(elementType, count), .. new byte[count * elementBytes]];
        GgufWriter writer = new();
        for (int i = 0; i < 5; i++)
        {
            writer.AddRaw($"a.{i}", 9, value);
        }

        GgufProbe.Refused(writer.ToArray(), "'a.", "56 MiB of memory");
    }

    [Fact]
    public void A_string_of_more_than_16_MiB_is_refused()
        => GgufProbe.Refused(new GgufWriter().Add("a.text", new string('x', (16 << 20) + 1)).ToArray(), "'a.text'", "the limit is 16777216");

    [Fact]
    public void Duplicate_keys_and_tensors_are_refused()
    {
        GgufProbe.Refused(GgufSamples.Small().Add("a.u8", 1u).ToArray(), "'a.u8' is there twice");
        GgufProbe.Refused(GgufSamples.Small().AddTensor(GgufSamples.Tensor, TensorType.F32, [1]).ToArray(), $"'{GgufSamples.Tensor}' is there twice");
    }

    [Fact]
    public void Names_that_are_empty_too_long_or_not_printable_are_refused_and_not_shown()
    {
        GgufProbe.Refused(new GgufWriter().Add(string.Empty, 1u).ToArray(), "key of metadata entry 0 is empty");
        GgufProbe.Refused(new GgufWriter().Add("a\0b", 1u).ToArray(), "key of metadata entry 0", "printable");
        GgufProbe.Refused(new GgufWriter().Add("\e[2J", 1u).ToArray(), "key of metadata entry 0", "printable");
        GgufProbe.Refused(new GgufWriter().Add("ключ", 1u).ToArray(), "key of metadata entry 0", "ASCII");
        GgufProbe.Refused(new GgufWriter().Add(new string('k', 65_536), 1u).ToArray(), "key of metadata entry 0", "65535");
        GgufProbe.Refused(new GgufWriter().AddTensor(string.Empty, TensorType.F32, [1]).ToArray(), "name of tensor 0 is empty");
        GgufProbe.Refused(new GgufWriter().AddTensor(new string('t', 65), TensorType.F32, [1]).ToArray(), "name of tensor 0", "65 bytes");
        GgufProbe.Refused(new GgufWriter().AddTensor("a\nb", TensorType.F32, [1]).ToArray(), "name of tensor 0 has control characters");
    }

    [Fact]
    public void Text_that_is_not_UTF_8_is_refused()
    {
        GgufProbe.Refused(new GgufWriter().AddRaw("a.text", 8, [2, 0, 0, 0, 0, 0, 0, 0, 0xC3, 0x28]).ToArray(), "'a.text'", "not valid UTF-8");
        byte[] key = new GgufWriter().Add("abc", 1u).ToArray();
        key[24 + 8] = 0xFF;
        GgufProbe.Refused(key, "key of metadata entry 0", "not valid UTF-8");
    }

    [Fact]
    public void Sizes_that_overflow_only_when_added_up_are_refused()
    {
        // Each tensor has 2^63 - 64 bytes: within range alone, and their padded sum wraps to a small number.
        GgufWriter writer = new GgufWriter().AddTensor("a", TensorType.F16, [16]).AddTensor("b", TensorType.F16, [16]);
        const ulong Elements = (1ul << 62) - 32;
        GgufProbe.Refused(
            writer.ToArray(("size0 a", Elements), ("size0 b", Elements), ("offset b", (1ul << 63) - 64)),
            "tensor 'b': sizes add up to more than 2^63-1");
        GgufProbe.Refused(writer.ToArray(("size0 a", (1ul << 62) - 1)), "tensor 'a': sizes add up to more than 2^63-1");
        GgufProbe.Refused(writer.ToArray(("size0 b", (1ul << 62) - 32)), "tensor 'b'", "2^63-1");
        GgufProbe.Refused(
            new GgufWriter().AddTensor("a", TensorType.F16, [16]).ToArray(("size0 a", (1ul << 62) - 32)),
            "tensor 'a': sizes add up to more than 2^63-1");
    }

    [Fact]
    public void An_array_of_unsigned_numbers_above_the_signed_range_is_refused()
        => GgufProbe.Refused(new GgufWriter().Add("a.list", new[] { 1ul, ulong.MaxValue }).ToArray(), "'a.list'", "2^63-1");

    [Fact]
    public void Other_files_are_refused_by_their_first_bytes()
    {
        GgufProbe.Refused([], "empty");
        GgufProbe.Refused([1], "magic");
        GgufProbe.Refused(Encoding.UTF8.GetBytes("<!doctype html><title>Sign in</title>"), "magic", "not a GGUF model");
    }

    private static byte[] ArrayHead(uint elementType, long count)
    {
        byte[] head = new byte[12];
        BinaryPrimitives.WriteUInt32LittleEndian(head, elementType);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(4), count);
        return head;
    }
}
