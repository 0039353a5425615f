using Tiercel.Engine.Kernels;
using Tiercel.Engine.Models;

namespace Tiercel.Engine.Tests.Kernels;

/// <summary>Elementwise kernels against double precision, at lengths with and without a tail.</summary>
public class RowKernelTests
{
    public static TheoryData<int> Lengths => [1, 3, 4, 7, 16, 31, 48, 64, 576, 1001];

    [Theory]
    [MemberData(nameof(Lengths))]
    public void RootMeanSquareNorm(int length)
    {
        float[] x = Row(length, 1), w = Row(length, 2), y = new float[length];
        RowNorm.RootMeanSquare(x, w, 1e-5f, y);
        double scale = 1 / Math.Sqrt(x.Average(value => (double)value * value) + 1e-5);
        AssertNear(x.Select((value, i) => value * scale * w[i]), y, 2e-6);
        RowNorm.RootMeanSquare(x, w, 1e-5f, x);
        Assert.Equal(y, x);
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void LayerNorm(int length)
    {
        float[] x = Row(length, 3), w = Row(length, 4), b = Row(length, 5), y = new float[length];
        RowNorm.Layer(x, w, b, 1e-3f, y);
        double mean = x.Average(value => (double)value);
        double scale = 1 / Math.Sqrt(x.Average(value => (value - mean) * (value - mean)) + 1e-3);
        AssertNear(x.Select((value, i) => ((value - mean) * scale * w[i]) + b[i]), y, 1e-5);
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Arithmetic(int length)
    {
        float[] x = Row(length, 6), y = Row(length, 7);
        double[] sum = [.. x.Select((value, i) => (value * 0.3) + y[i])];
        RowArithmetic.AddScaled(x, 0.3f, y);
        AssertNear(sum, y, 1e-6);
        double[] scaled = [.. y.Select(value => value * -1.7)];
        RowArithmetic.Scale(y, -1.7f);
        AssertNear(scaled, y, 1e-6);
        double[] capped = [.. y.Select(value => 2.5 * Math.Tanh(value / 2.5))];
        RowArithmetic.SoftCap(y, 2.5f);
        AssertNear(capped, y, 2e-6);
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void GatedActivations(int length)
    {
        foreach (ActivationKind kind in (ActivationKind[])[ActivationKind.SiluGated, ActivationKind.GeluGated, ActivationKind.ClampedSwiglu])
        {
            float[] gate = Row(length, 8, 12), up = Row(length, 9, 12);
            double[] expected = [.. gate.Select((value, i) => Gate(kind, value, up[i]))];
            Activations.Gated(kind, gate, up);
            AssertNear(expected, gate, 2e-6);
        }
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void GeluByTheErrorFunction(int length)
    {
        float[] x = Row(length, 10, 5);

        // An independent error function: its Taylor series, which converges everywhere and loses 8 digits of 16 at 5.
        double[] expected = [.. x.Select(value => 0.5 * value * (1 + ErrorFunction(value / Math.Sqrt(2))))];
        Activations.GeluErf(x);
        AssertNear(expected, x, 1e-6);
    }

    [Fact]
    public void ExponentialsHoldOverTheWholeRange()
    {
        for (float x = -100; x < 88; x += 0.0137f)
        {
            double actual = LaneMath.Exp(ScalarLane.Broadcast(x)).Sum();
            double expected = Math.Exp(x);
            Assert.True(x < -87.3f ? actual == 0 : Math.Abs(actual - expected) <= 3e-7 * expected, $"e^{x} = {actual}");
        }

        Assert.Equal(1f, LaneMath.Exp(ScalarLane.Broadcast(0)).Sum());
        Assert.Equal(0f, LaneMath.Exp(ScalarLane.Broadcast(float.NegativeInfinity)).Sum());
    }

    [Fact]
    public void RotationsTurnPairsAndLeaveTheRest()
    {
        float[] cosines = [MathF.Cos(0.5f), MathF.Cos(1.25f)];
        float[] sines = [MathF.Sin(0.5f), MathF.Sin(1.25f)];
        float[] adjacent = [1, 2, 3, 4, 5];
        Rotary.Adjacent(adjacent, cosines, sines);
        AssertNear([Cos(1, 2, 0.5), Sin(1, 2, 0.5), Cos(3, 4, 1.25), Sin(3, 4, 1.25), 5], adjacent, 1e-6);
        float[] halves = [1, 2, 3, 4, 5];
        Rotary.Halves(halves, cosines, sines);
        AssertNear([Cos(1, 3, 0.5), Cos(2, 4, 1.25), Sin(1, 3, 0.5), Sin(2, 4, 1.25), 5], halves, 1e-6);

        static double Cos(double x, double y, double angle) => (x * Math.Cos(angle)) - (y * Math.Sin(angle));
        static double Sin(double x, double y, double angle) => (x * Math.Sin(angle)) + (y * Math.Cos(angle));
    }

    [Fact]
    public void TheBestExpertsComeFirstAndTiesGoToTheLowerIndex()
    {
        int[] chosen = new int[3];
        TopExperts.Select([0.1f, 0.5f, -1f, 0.5f, 0.2f], chosen);
        Assert.Equal([1, 3, 4], chosen);
        float[] weights = [1, 2, 3];
        TopExperts.Softmax(weights);
        Assert.Equal(1, weights.Sum(), 1e-6f);
        Assert.Equal(Math.Exp(2) / (Math.Exp(1) + Math.Exp(2) + Math.Exp(3)), weights[1], 1e-6);
    }

    private static double Gate(ActivationKind kind, double gate, double up)
    {
        double limited = Math.Min(gate, 7);
        return kind switch
        {
            ActivationKind.SiluGated => gate / (1 + Math.Exp(-gate)) * up,
            ActivationKind.GeluGated => 0.5 * gate * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (gate + (0.044715 * gate * gate * gate)))) * up,
            _ => limited / (1 + Math.Exp(-1.702 * limited)) * (Math.Clamp(up, -7, 7) + 1),
        };
    }

    private static double ErrorFunction(double x)
    {
        double term = x, sum = x;
        for (int n = 1; n < 200; n++)
        {
            term *= -x * x / n;
            sum += term / ((2 * n) + 1);
        }

        return sum * 2 / Math.Sqrt(Math.PI);
    }

    private static float[] Row(int length, int seed, float range = 3)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, length).Select(_ => ((random.NextSingle() * 2) - 1) * range)];
    }

    private static void AssertNear(IEnumerable<double> expected, float[] actual, double tolerance)
    {
        int i = 0;
        foreach (double value in expected)
        {
            Assert.True(Math.Abs(value - actual[i]) <= tolerance * Math.Max(1, Math.Abs(value)), $"element {i} is {actual[i]}, not {value}");
            i++;
        }

        Assert.Equal(actual.Length, i);
    }
}
