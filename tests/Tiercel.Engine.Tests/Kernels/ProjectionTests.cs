using System.Buffers.Binary;
using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels;
using Tiercel.Engine.Tests.Kernels.Quantization;

namespace Tiercel.Engine.Tests.Kernels;

/// <summary>Products against their twins in double precision; run on every instruction set by <see cref="KernelsOnEveryInstructionSetTests"/>.</summary>
public class ProjectionTests
{
    /// <summary>Rounding of float32 sums, relative to the sum of the magnitudes of the terms: a few units of 2^-24 per block added.</summary>
    private const double Tolerance = 3e-6;

    public static readonly TheoryData<TensorType> Types = [.. StoredElements.Types];

    public static readonly TheoryData<TensorType> Quantised = [.. StoredElements.Quantised];

    public static readonly TheoryData<TensorType> Floats = [TensorType.F32, TensorType.F16, TensorType.BF16];

    [Theory]
    [MemberData(nameof(Types))]
    public void ExpandedWeightsGiveTheProductOfFloats(TensorType type)
    {
        using ThreadTeam team = new(2);
        using ProjectionCase matrix = new(type, 37, 512, team, seed: 3, WeightPrecision.Float32);
        float[][] rows = ProjectionCase.RandomRows(5, 512, new Random(4));
        AssertProduct(matrix, matrix.Multiply(team, rows), [.. rows.Select(row => row.Select(x => (double)x).ToArray())]);
    }

    [Theory]
    [MemberData(nameof(Quantised))]
    public void StoredWeightsGiveTheProductOfRoundedActivations(TensorType type)
    {
        using ThreadTeam team = new(2);
        using ProjectionCase matrix = new(type, 37, 1024, team, seed: 5);
        float[][] rows = ProjectionCase.RandomRows(7, 1024, new Random(6));
        AssertProduct(matrix, matrix.Multiply(team, rows), [.. rows.Select(RoundedActivations.Of)]);
    }

    [Theory]
    [InlineData(TensorType.F32, 1, 1)]
    [InlineData(TensorType.F32, 3, 24)]
    [InlineData(TensorType.F16, 17, 31)]
    [InlineData(TensorType.BF16, 16, 33)]
    [InlineData(TensorType.F32, 50, 7)]
    [InlineData(TensorType.F16, 15, 8)]
    public void FloatWeightsOfAnySizeMeetFloat32Activations(TensorType type, int outputs, int inputs)
    {
        using ThreadTeam team = new(2);
        using ProjectionCase matrix = new(type, outputs, inputs, team, seed: 7);
        float[][] rows = ProjectionCase.RandomRows(9, inputs, new Random(8));
        AssertProduct(matrix, matrix.Multiply(team, rows), [.. rows.Select(row => row.Select(x => (double)x).ToArray())]);
    }

    [Theory]
    [InlineData(TensorType.Q8_0, 1, 32)]
    [InlineData(TensorType.Q4_0, 15, 96)]
    [InlineData(TensorType.Q5_1, 17, 160)]
    [InlineData(TensorType.MXFP4, 33, 64)]
    [InlineData(TensorType.Q6_K, 31, 256)]
    public void QuantisedWeightsOfAnyBlockCountAreRight(TensorType type, int outputs, int inputs)
    {
        using ThreadTeam team = new(1);
        using ProjectionCase matrix = new(type, outputs, inputs, team, seed: 9);
        float[][] rows = ProjectionCase.RandomRows(3, inputs, new Random(10));
        AssertProduct(matrix, matrix.Multiply(team, rows), [.. rows.Select(RoundedActivations.Of)]);
    }

    /// <summary>
    /// Codes and activations at their ends, of equal and of alternating sign, with scales of one: every block sum is an integer below 2^24, so that the result must be exact. An
    /// instruction that saturates at 16 bits would show here.
    /// </summary>
    [Theory]
    [MemberData(nameof(Quantised))]
    public void ExtremeCodesAndActivationsSumExactly(TensorType type)
    {
        const int Inputs = 256;
        using ThreadTeam team = new(1);
        foreach (byte fill in new byte[] { 0x00, 0xff, 0x80, 0x7f, 0x88, 0x11, 0xf0, 0x0f })
        {
            using ProjectionCase matrix = new(type, 16, Inputs, team, UnitScales(type, fill, 16, Inputs));
            float[][] rows =
            [
                [.. Enumerable.Repeat(127f, Inputs)],
                [.. Enumerable.Repeat(-127f, Inputs)],
                [.. Enumerable.Range(0, Inputs).Select(i => i % 2 == 0 ? 127f : -127f)],
                [.. Enumerable.Range(0, Inputs).Select(i => i % 4 < 2 ? 127f : -126f)],
            ];
            float[][] products = matrix.Multiply(team, rows);
            for (int output = 0; output < 16; output++)
            {
                double[] weights = matrix.Row(output);
                for (int row = 0; row < rows.Length; row++)
                {
                    double expected = weights.Zip(rows[row], (w, x) => w * x).Sum();
                    Assert.True(products[row][output] == expected, $"{type} filled with {fill:x2}, row {row}: {products[row][output]} instead of {expected}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Quantised))]
    public void ScalesThatAreNotNumbersSpoilTheirOutputOnly(TensorType type)
    {
        if (type == TensorType.MXFP4)
        {
            return; // every exponent is a number
        }

        using ThreadTeam team = new(1);
        byte[] stored = RandomBlocks.Matrix(type, 20, 256, new Random(1));
        int rowBytes = stored.Length / 20;
        int offset = type switch
        {
            TensorType.Q2_K => 80,
            TensorType.Q3_K => 108,
            TensorType.Q6_K => 208,
            _ => 0,
        };
        BinaryPrimitives.WriteHalfLittleEndian(stored.AsSpan((3 * rowBytes) + offset), Half.NaN);
        BinaryPrimitives.WriteHalfLittleEndian(stored.AsSpan((18 * rowBytes) + offset), Half.PositiveInfinity);
        using ProjectionCase matrix = new(type, 20, 256, team, stored);
        float[] product = matrix.Multiply(team, ProjectionCase.RandomRows(1, 256, new Random(2)))[0];
        for (int output = 0; output < 20; output++)
        {
            Assert.Equal(output is not (3 or 18), float.IsFinite(product[output]));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void HalfPrecisionWeightsKeepEveryValueThereIs(bool finite)
    {
        // All bit patterns as a matrix with one input, multiplied by one; without infinities and NaN they stay 16 bits wide.
        ushort[] patterns = [.. Enumerable.Range(0, 65_536).Select(bits => (ushort)bits).Where(bits => !finite || Half.IsFinite(BitConverter.UInt16BitsToHalf(bits)))];
        byte[] stored = new byte[patterns.Length * 2];
        Buffer.BlockCopy(patterns, 0, stored, 0, stored.Length);
        using ThreadTeam team = new(1);
        using ProjectionCase matrix = new(TensorType.F16, patterns.Length, 2, team, [.. stored.Chunk(2).SelectMany(half => half.Concat(half))]);
        Assert.InRange(matrix.Weights.ByteCount, finite ? patterns.Length * 4 : patterns.Length * 8, finite ? patterns.Length * 5 : patterns.Length * 9);
        float[] even = matrix.Multiply(team, [[1f, 0f]])[0];
        float[] odd = matrix.Multiply(team, [[0f, 1f]])[0];
        Assert.Equal(even, odd);
        float[] product = matrix.Multiply(team, [[1f, 0f]])[0];
        for (int i = 0; i < patterns.Length; i++)
        {
            int bits = patterns[i];
            float expected = (float)BitConverter.UInt16BitsToHalf((ushort)bits);
            Assert.True(
                product[i] == expected || (!float.IsFinite(expected) && float.IsNaN(product[i])),
                $"{bits:x4}: {product[i]} instead of {expected}");
        }
    }

    [Fact]
    public void ActivationsThatAreNotNumbersAreNotHidden()
    {
        using ThreadTeam team = new(1);
        using ProjectionCase matrix = new(TensorType.Q8_0, 16, 64, team, seed: 11);
        float[][] rows = ProjectionCase.RandomRows(3, 64, new Random(12));
        rows[0][40] = float.NaN;
        rows[1][3] = float.NegativeInfinity;
        float[][] product = matrix.Multiply(team, rows);
        Assert.All(product[0], value => Assert.True(float.IsNaN(value)));
        Assert.All(product[1], value => Assert.True(float.IsNaN(value)));
        Assert.All(product[2], value => Assert.True(float.IsFinite(value)));
    }

    [Fact]
    public void TinyAndZeroActivationsGiveZero()
    {
        using ThreadTeam team = new(1);
        using ProjectionCase matrix = new(TensorType.Q4_K, 16, 256, team, seed: 13);
        float[][] product = matrix.Multiply(team, [new float[256], [.. Enumerable.Repeat(1e-42f, 256)]]);
        Assert.All(product[0], value => Assert.Equal(0f, value));
        Assert.All(product[1], value => Assert.Equal(0f, value));
    }

    [Fact]
    public void SizesThatDoNotFitAreRefused()
    {
        using ThreadTeam team = new(1);
        using ProjectionCase matrix = new(TensorType.Q8_0, 16, 64, team, seed: 14);
        using FloatBuffer narrow = new(1, 32);
        using FloatBuffer right = new(1, 64);
        using FloatBuffer output = new(1, 16);
        using ActivationRows input = new(1, 64);
        input.Load(team, narrow.All);
        Assert.Throws<ArgumentException>(() => Projection.Run(team, input, [new ProjectionTarget(matrix.Weights, output.All)]));
        input.Load(team, right.All);
        Assert.Throws<ArgumentException>(() => Projection.Run(team, input, [new ProjectionTarget(matrix.Weights, narrow.All)]));
        using FloatBuffer tooMany = new(2, 64);
        Assert.Throws<ArgumentOutOfRangeException>(() => input.Load(team, tooMany.All));
        Assert.Throws<ArgumentException>(() => WeightMatrix.Load(TensorType.Q4_K, 64, 16, 128, WeightPrecision.AsStored, team));
    }

    private static void AssertProduct(ProjectionCase matrix, float[][] products, double[][] rows)
    {
        for (int output = 0; output < matrix.Weights.Outputs; output++)
        {
            double[] weights = matrix.Row(output);
            for (int row = 0; row < rows.Length; row++)
            {
                double expected = 0;
                double magnitude = 0;
                for (int k = 0; k < weights.Length; k++)
                {
                    expected += weights[k] * rows[row][k];
                    magnitude += Math.Abs(weights[k] * rows[row][k]);
                }

                double allowed = (magnitude * Tolerance) + 1e-9 + OffsetRounding(matrix.Type, weights, rows[row]);
                Assert.True(
                    Math.Abs(products[row][output] - expected) <= allowed,
                    $"{matrix.Type} row {row} output {output}: {products[row][output]} instead of {expected}, allowed {allowed}");
            }
        }
    }

    /// <summary>Where codes and offsets cancel in the value, their rounding errors do not: the terms are up to 2^6 times as large as the weights.</summary>
    private static double OffsetRounding(TensorType type, double[] weights, double[] row)
        => type is TensorType.Q4_1 or TensorType.Q5_1 or TensorType.Q2_K or TensorType.Q4_K or TensorType.Q5_K
            ? weights.Max(Math.Abs) * row.Sum(Math.Abs) * Tolerance
            : 0;

    /// <summary>Blocks of one repeated byte whose scales are one and whose offsets are zero.</summary>
    private static byte[] UnitScales(TensorType type, byte fill, int outputs, int inputs)
    {
        TensorLayout layout = TensorLayout.Of(type);
        byte[] stored = new byte[layout.RowBytes(inputs) * outputs];
        stored.AsSpan().Fill(fill);
        Span<byte> one = [0x00, 0x3c];
        for (int start = 0; start < stored.Length; start += layout.BlockBytes)
        {
            Span<byte> block = stored.AsSpan(start, layout.BlockBytes);
            switch (type)
            {
                case TensorType.Q2_K:
                    block[..16].Fill(1);
                    one.CopyTo(block[80..]);
                    block.Slice(82, 2).Clear();
                    break;
                case TensorType.Q3_K:
                    block.Slice(96, 8).Fill(0x11);
                    block.Slice(104, 4).Fill(0xaa);
                    one.CopyTo(block[108..]);
                    break;
                case TensorType.Q6_K:
                    block.Slice(192, 16).Fill(1);
                    one.CopyTo(block[208..]);
                    break;
                case TensorType.MXFP4:
                    block[0] = 128;
                    break;
                case TensorType.IQ4_XS:
                    one.CopyTo(block);
                    block.Slice(2, 2).Fill(0xaa);
                    block.Slice(4, 4).Fill(0x11);
                    break;
                case TensorType.Q4_K or TensorType.Q5_K:
                    block.Slice(4, 12).Fill(1);
                    goto default;
                default:
                    one.CopyTo(block);
                    if (type is TensorType.Q4_1 or TensorType.Q5_1 or TensorType.Q4_K or TensorType.Q5_K)
                    {
                        block.Slice(2, 2).Clear();
                    }

                    break;
            }
        }

        return stored;
    }
}
