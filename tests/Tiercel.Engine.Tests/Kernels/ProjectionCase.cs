using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels;
using Tiercel.Engine.Tests.Kernels.Quantization;

namespace Tiercel.Engine.Tests.Kernels;

/// <summary>A stored matrix, loaded, and rows to multiply it with.</summary>
internal sealed unsafe class ProjectionCase : IDisposable
{
    public ProjectionCase(TensorType type, int outputs, int inputs, ThreadTeam team, int seed, WeightPrecision precision = WeightPrecision.AsStored)
        : this(type, outputs, inputs, team, RandomBlocks.Matrix(type, outputs, inputs, new Random(seed)), precision)
    {
    }

    public ProjectionCase(TensorType type, int outputs, int inputs, ThreadTeam team, byte[] stored, WeightPrecision precision = WeightPrecision.AsStored)
    {
        Type = type;
        Stored = stored;
        fixed (byte* data = Stored)
        {
            Weights = WeightMatrix.Load(type, (nint)data, outputs, inputs, precision, team);
        }
    }

    public TensorType Type { get; }

    public byte[] Stored { get; }

    public WeightMatrix Weights { get; }

    /// <summary>Row <paramref name="output"/> of the matrix in double precision.</summary>
    public double[] Row(int output)
    {
        int bytes = Stored.Length / Weights.Outputs;
        return StoredElements.Row(Type, Stored.AsSpan(output * bytes, bytes), Weights.Inputs);
    }

    /// <summary>Y for rows, each as long as the matrix has inputs.</summary>
    public float[][] Multiply(ThreadTeam team, float[][] rows)
    {
        using FloatBuffer x = Fill(rows);
        using FloatBuffer y = new(rows.Length, Weights.Outputs);
        using ActivationRows input = new(rows.Length, (Weights.Inputs + 31) / 32 * 32);
        input.Load(team, x.All);
        Projection.Run(team, input, [new ProjectionTarget(Weights, y.All)]);
        return [.. Enumerable.Range(0, rows.Length).Select(row => y.All[row].ToArray())];
    }

    public void Dispose() => Weights.Dispose();

    public static FloatBuffer Fill(float[][] rows)
    {
        FloatBuffer buffer = new(rows.Length, rows[0].Length);
        for (int row = 0; row < rows.Length; row++)
        {
            rows[row].CopyTo(buffer.All[row]);
        }

        return buffer;
    }

    public static float[][] RandomRows(int rows, int columns, Random random)
        => [.. Enumerable.Range(0, rows).Select(_ => Enumerable.Range(0, columns)
            .Select(_ => (float)((random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-5, 5)))).ToArray())];
}
