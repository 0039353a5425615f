using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels;
using Tiercel.Engine.Tests.Kernels.Quantization;

namespace Tiercel.Engine.Tests.Kernels;

/// <summary>
/// Promise P2 at its root: every output has the same bits whatever rows are beside its own, however many threads there are, and whether targets are
/// computed together. Run on every instruction set by <see cref="KernelsOnEveryInstructionSetTests"/>.
/// </summary>
public class ReproducibilityTests
{
    private const int Rows = 90;
    private const int Inputs = 512;

    public static readonly TheoryData<TensorType> Types = [.. StoredElements.Types];

    [Theory]
    [MemberData(nameof(Types))]
    public void AnOutputHasTheSameBitsInEveryBatch(TensorType type)
    {
        using ThreadTeam one = new(1);
        using ThreadTeam three = new(3);
        using ProjectionCase matrix = new(type, 53, Inputs, one, seed: 21);
        Random random = new(22);
        float[][] rows = ProjectionCase.RandomRows(Rows, Inputs, random);
        float[][] alone = [.. rows.Select(row => matrix.Multiply(one, [row])[0])];
        for (int count = 1; count <= 17; count++)
        {
            int first = random.Next(Rows - count);
            AssertSame(alone[first..(first + count)], matrix.Multiply(count % 2 == 0 ? one : three, rows[first..(first + count)]), $"{type}, {count} rows");
        }

        AssertSame(alone, matrix.Multiply(three, rows), $"{type}, all rows");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void TargetsTogetherGiveTheBitsOfEachAlone(int threads)
    {
        using ThreadTeam team = new(threads);
        ProjectionCase[] matrices = [.. StoredElements.Types.Select((type, index) => new ProjectionCase(type, 16 + (index * 7), Inputs, team, seed: index))];
        float[][] rows = ProjectionCase.RandomRows(5, Inputs, new Random(23));
        FloatBuffer[] outputs = [.. matrices.Select(matrix => new FloatBuffer(rows.Length, matrix.Weights.Outputs))];
        using FloatBuffer x = ProjectionCase.Fill(rows);
        using ActivationRows input = new(rows.Length, Inputs);
        input.Load(team, x.All);
        ProjectionTarget[] targets = [.. matrices.Zip(outputs, (matrix, output) => new ProjectionTarget(matrix.Weights, output.All))];
        Projection.Run(team, input, targets);
        for (int i = 0; i < matrices.Length; i++)
        {
            float[][] together = [.. Enumerable.Range(0, rows.Length).Select(row => outputs[i].All[row].ToArray())];
            AssertSame(matrices[i].Multiply(team, rows), together, matrices[i].Type.ToString());
            outputs[i].Dispose();
            matrices[i].Dispose();
        }
    }

    [Fact]
    public void OutputsMayBePartsOfWiderRows()
    {
        using ThreadTeam team = new(2);
        using ProjectionCase matrix = new(TensorType.Q4_0, 21, Inputs, team, seed: 24);
        float[][] rows = ProjectionCase.RandomRows(4, Inputs, new Random(25));
        using FloatBuffer x = ProjectionCase.Fill(rows);
        using FloatBuffer wide = new(4, 64);
        using ActivationRows input = new(4, Inputs);
        input.Load(team, x.All);
        Projection.Run(team, input, [new ProjectionTarget(matrix.Weights, wide.All.Slice(7, 21))]);
        float[][] expected = matrix.Multiply(team, rows);
        for (int row = 0; row < 4; row++)
        {
            Assert.Equal(expected[row], wide.All[row].Slice(7, 21).ToArray());
            Assert.All(wide.All[row][..7].ToArray(), value => Assert.Equal(0f, value));
            Assert.All(wide.All[row][28..].ToArray(), value => Assert.Equal(0f, value));
        }
    }

    [Fact]
    public void AProjectionAllocatesNothing()
    {
        using ThreadTeam team = new(2);
        using ProjectionCase matrix = new(TensorType.Q4_0, 256, Inputs, team, seed: 26);
        using FloatBuffer x = ProjectionCase.Fill(ProjectionCase.RandomRows(1, Inputs, new Random(27)));
        using FloatBuffer y = new(1, 256);
        using ActivationRows input = new(1, Inputs);
        ProjectionTarget[] targets = [new(matrix.Weights, y.All)];
        input.Load(team, x.All);
        Projection.Run(team, input, targets);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            input.Load(team, x.All);
            Projection.Run(team, input, targets);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000);
    }

    private static void AssertSame(float[][] expected, float[][] actual, string what)
    {
        for (int row = 0; row < expected.Length; row++)
        {
            for (int output = 0; output < expected[row].Length; output++)
            {
                if (BitConverter.SingleToInt32Bits(expected[row][output]) != BitConverter.SingleToInt32Bits(actual[row][output]))
                {
                    Assert.Fail($"{what}: row {row} output {output} is {actual[row][output]:r} and alone {expected[row][output]:r}");
                }
            }
        }
    }
}
