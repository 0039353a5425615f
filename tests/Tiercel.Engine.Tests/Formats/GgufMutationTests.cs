using System.Buffers.Binary;
using Tiercel.Engine.Formats;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Formats;

/// <summary>Random damage to a valid file: it opens, or is refused with a <see cref="ModelFormatException"/>; never anything else.</summary>
public sealed class GgufMutationTests
{
    private static readonly ulong[] Extremes =
    [
        0, 1, 2, 3, 7, 8, 9, 31, 32, 33, 63, 64, 255, 256, 65_535, 65_536, 1ul << 20, (1ul << 24) + 1, int.MaxValue, 1ul << 31, uint.MaxValue, 1ul << 32,
        1ul << 60, 1ul << 62, long.MaxValue - 31, long.MaxValue, 1ul << 63, ulong.MaxValue - 31, ulong.MaxValue,
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Damaged_files_open_or_are_refused(int seed)
    {
        Random random = new(seed);
        byte[] valid = GgufSamples.Small().ToArray();
        using TemporaryFolder folder = new();
        string path = folder.File("model.gguf");
        int refused = 0;
        const int Rounds = 1000;
        for (int round = 0; round < Rounds; round++)
        {
            File.WriteAllBytes(path, Mutate(valid, valid.Length, random));
            refused += GgufProbe.Open(path) is null ? 0 : 1;
        }

        // Both outcomes must occur, or the damage is not where the reader looks.
        Assert.InRange(refused, Rounds / 10, Rounds - 10);
    }

    /// <summary>Damages up to three places within the first bytes of a file.</summary>
    internal static byte[] Mutate(byte[] valid, int within, Random random)
    {
        byte[] bytes = [.. valid];
        for (int hits = random.Next(1, 4); hits > 0; hits--)
        {
            int at = random.Next(Math.Min(within, bytes.Length));
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2 when at + 8 <= bytes.Length:
                    BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at), Extremes[random.Next(Extremes.Length)]);
                    break;
                case 3 when at + 4 <= bytes.Length:
                    BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), (uint)Extremes[random.Next(Extremes.Length)]);
                    break;
                case 4:
                    bytes = [.. bytes.AsSpan(0, at), .. bytes.AsSpan(Math.Min(bytes.Length, at + random.Next(1, 24)))];
                    break;
                default:
                    bytes = [.. bytes.AsSpan(0, at), .. valid.AsSpan(random.Next(within / 2), random.Next(1, 24)), .. bytes.AsSpan(at)];
                    break;
            }

            if (bytes.Length == 0)
            {
                return bytes;
            }
        }

        return bytes;
    }
}
