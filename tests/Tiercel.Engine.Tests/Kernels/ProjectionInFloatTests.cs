using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels;
using Tiercel.Engine.Tests.Kernels.Quantization;

namespace Tiercel.Engine.Tests.Kernels;

public class ProjectionInFloatTests
{
    public static readonly TheoryData<TensorType> Types = [.. StoredElements.Types];

    [Theory]
    [MemberData(nameof(Types))]
    public unsafe void Float32WeightsGiveTheProductInDouble(TensorType type)
    {
        const int Outputs = 37;
        const int Inputs = 512;
        const int Rows = 5;
        Random random = new(3);
        byte[] stored = RandomBlocks.Matrix(type, Outputs, Inputs, random);
        int rowBytes = stored.Length / Outputs;
        using ThreadTeam team = new(2);
        using FloatBuffer x = new(Rows, Inputs);
        using FloatBuffer y = new(Rows, Outputs);
        using ActivationRows input = new(Rows, Inputs);
        for (int row = 0; row < Rows; row++)
        {
            foreach (ref float value in x.All[row])
            {
                value = (float)(random.NextDouble() - 0.5);
            }
        }

        fixed (byte* data = stored)
        {
            using WeightMatrix weights = WeightMatrix.Load(type, (nint)data, Outputs, Inputs, WeightPrecision.Float32, team);
            input.Load(team, x.All);
            Projection.Run(team, input, [new ProjectionTarget(weights, y.All)]);
        }

        for (int output = 0; output < Outputs; output++)
        {
            double[] w = StoredElements.Row(type, stored.AsSpan(output * rowBytes, rowBytes), Inputs);
            for (int row = 0; row < Rows; row++)
            {
                double expected = 0;
                double magnitude = 0;
                for (int k = 0; k < Inputs; k++)
                {
                    expected += w[k] * x.All[row][k];
                    magnitude += Math.Abs(w[k] * x.All[row][k]);
                }

                Assert.InRange(y.All[row][output], expected - (magnitude * 2e-6) - 1e-6, expected + (magnitude * 2e-6) + 1e-6);
            }
        }
    }
}
