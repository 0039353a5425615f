using System.Buffers.Binary;
using Tiercel.Engine.Formats;

namespace Tiercel.Bench.Engine.Models;

/// <summary>Random blocks of a type with a spread that keeps activations of a deep network finite: about 1 / sqrt(inputs).</summary>
internal sealed class RandomWeights(int seed)
{
    /// <summary>Blocks made anew; a tensor repeats them from different starts, since only their values' spread matters.</summary>
    private const int Blocks = 16_384;

    private readonly Dictionary<(TensorType Type, int Inputs), byte[]> _patterns = [];
    private readonly Random _random = new(seed);

    /// <summary>Writes a tensor.</summary>
    public void Write(Stream stream, TensorType type, int inputs, long rows)
    {
        int blockBytes = TensorLayout.Of(type).BlockBytes;
        byte[] pattern = Pattern(type, inputs);
        long left = TensorLayout.Of(type).RowBytes(inputs) * rows;
        int start = _random.Next(Blocks) * blockBytes;
        while (left > 0)
        {
            int count = (int)Math.Min(left, pattern.Length - start);
            stream.Write(pattern, start, count);
            left -= count;
            start = 0;
        }
    }

    private byte[] Pattern(TensorType type, int inputs)
    {
        if (_patterns.TryGetValue((type, inputs), out byte[]? pattern))
        {
            return pattern;
        }

        int blockBytes = TensorLayout.Of(type).BlockBytes;
        pattern = new byte[Blocks * blockBytes];
        _random.NextBytes(pattern);
        float spread = 1 / MathF.Sqrt(inputs);
        for (int i = 0; i < Blocks; i++)
        {
            SetScales(type, pattern.AsSpan(i * blockBytes, blockBytes), spread);
        }

        _patterns[(type, inputs)] = pattern;
        return pattern;
    }

    /// <summary>Random codes have a known spread (73.6 for all bytes, 4.6 for nibbles, 18.5 for six bits): the scale makes it the wanted one.</summary>
    private void SetScales(TensorType type, Span<byte> block, float spread)
    {
        switch (type)
        {
            case TensorType.F16:
                BinaryPrimitives.WriteHalfLittleEndian(block, (Half)((_random.NextSingle() - 0.5f) * 3.46f * spread));
                break;
            case TensorType.Q8_0:
                BinaryPrimitives.WriteHalfLittleEndian(block, (Half)(spread / 73.6f));
                break;
            case TensorType.Q4_0:
                BinaryPrimitives.WriteHalfLittleEndian(block, (Half)(spread / 4.6f));
                break;
            case TensorType.Q6_K:
                for (int group = 0; group < 16; group++)
                {
                    block[192 + group] = (byte)_random.Next(40, 100);
                }

                BinaryPrimitives.WriteHalfLittleEndian(block[208..], (Half)(spread / 18.5f / 70));
                break;
            case TensorType.Q4_K:
                // All groups 32 times the scale and 32 times the offset: scale * (code - 7.5).
                block.Slice(4, 8).Fill(32);
                block.Slice(12, 4).Clear();
                SetSecondHalf(block);
                BinaryPrimitives.WriteHalfLittleEndian(block, (Half)(spread / 4.6f / 32));
                BinaryPrimitives.WriteHalfLittleEndian(block[2..], (Half)(7.5f * spread / 4.6f / 32));
                break;
            default:
                throw new ArgumentException($"no random blocks of {type}", nameof(type));
        }
    }

    /// <summary>Groups 4 to 7 of Q4_K: the low four bits are in bytes 8 to 11 of the scales (here 0), the upper two on top of bytes 0 to 7 (here 2).</summary>
    private static void SetSecondHalf(Span<byte> block)
    {
        for (int i = 4; i < 12; i++)
        {
            block[i] |= 2 << 6;
        }
    }
}
