using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels;
using Tiercel.Engine.Tests.Kernels.Quantization;

namespace Tiercel.Engine.Tests.Kernels;

public class DequantizerTests
{
    public static readonly TheoryData<TensorType> Types = [.. StoredElements.Types];

    [Theory]
    [MemberData(nameof(Types))]
    public void EveryElementEqualsTheDescribedValue(TensorType type)
    {
        const int Columns = 256 * 40;
        byte[] source = RandomBlocks.Matrix(type, 1, Columns, new Random(17));
        float[] actual = new float[Columns];
        Dequantizer.DequantizeRow(type, source, actual);
        double[] expected = StoredElements.Row(type, source, Columns);
        for (int i = 0; i < Columns; i++)
        {
            // Two or three float32 roundings of terms that may cancel: 2^-22 of the largest of them, of which no block has one above 2^12.
            double allowed = type is TensorType.Q2_K or TensorType.Q4_K or TensorType.Q5_K or TensorType.Q4_1 or TensorType.Q5_1
                ? 1e-3
                : Math.Abs(expected[i]) * 3e-7;
            Assert.True(Math.Abs(actual[i] - expected[i]) <= allowed, $"{type} element {i}: {actual[i]} instead of {expected[i]}");
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(127)]
    [InlineData(254)]
    public void PowersOfTwoOfMxfp4AreExactOverTheWholeRange(byte exponent)
    {
        byte[] block = new byte[17];
        block[0] = exponent;
        block[1] = 0x21;
        float[] actual = new float[32];
        Dequantizer.DequantizeRow(TensorType.MXFP4, block, actual);
        Assert.Equal(Math.Pow(2, exponent - 128), actual[0]);
        Assert.Equal(Math.Pow(2, exponent - 127), actual[16]);
    }

    [Fact]
    public void RowsThatAreNotWholeBlocksAreRefused()
    {
        Assert.Throws<ArgumentException>(() => Dequantizer.DequantizeRow(TensorType.Q4_K, new byte[144], new float[128]));
        Assert.Throws<ArgumentException>(() => Dequantizer.DequantizeRow(TensorType.Q8_0, new byte[33], new float[32]));
        Assert.Throws<ModelFormatException>(() => Dequantizer.DequantizeRow((TensorType)7777, new byte[33], new float[32]));
    }
}
