using System.Runtime.InteropServices;
using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels;
using Tiercel.Engine.Kernels.Limits;

namespace Tiercel.Bench.Micro;

/// <summary>Projections of one weight type: as many matrices as exceed the caches, then batches against matrices of a layer.</summary>
internal static unsafe class ProjectionBench
{
    private static readonly int[] Batches = [2, 4, 8, 16, 32, 64, 256];

    public static void Header()
        => Console.WriteLine($"{"type",-7} {"load",9} | {"1 row",9} {"of limit",9} {"stored",10} {"cached",9} | {string.Join(' ', Batches.Select(rows => $"{rows,6}"))} rows, GOP/s");

    public static void Measure(TensorType type, ThreadTeam team, double bandwidth)
    {
        // Gate of a feed-forward, output of attention, and as many of both as a model has.
        (int Outputs, int Inputs)[] shapes = [.. Enumerable.Repeat<(int, int)[]>([(3072, 1024), (1024, 2048), (1024, 3072)], 16).SelectMany(layer => layer)];
        TimeProvider clock = TimeProvider.System;
        long storedBytes = shapes.Sum(shape => TensorLayout.Of(type).RowBytes(shape.Inputs) * shape.Outputs);
        byte* stored = (byte*)NativeMemory.Alloc((nuint)storedBytes);
        new Random(1).NextBytes(new Span<byte>(stored, (int)storedBytes));
        MakeScalesNumbers(type, stored, storedBytes);

        long before = clock.GetTimestamp();
        byte* next = stored;
        List<WeightMatrix> matrices = [];
        foreach ((int outputs, int inputs) in shapes)
        {
            matrices.Add(WeightMatrix.Load(type, (nint)next, outputs, inputs, WeightPrecision.AsStored, team));
            next += TensorLayout.Of(type).RowBytes(inputs) * outputs;
        }

        double load = clock.GetElapsedTime(before).TotalSeconds;
        NativeMemory.Free(stored);
        double one = Seconds(matrices, team, 1);
        double packed = matrices.Sum(matrix => matrix.ByteCount) / one / 1e9;
        using WeightMatrix small = Small(type, team);
        double cached = small.ByteCount / Seconds([small], team, 1) / 1e9;
        Console.Write($"{type,-7} {storedBytes / load / 1e9,4:f1} GB/s | {packed,4:f1} GB/s {packed / bandwidth,9:p0} {storedBytes / one / 1e9,5:f1} GB/s {cached,4:f1} GB/s |");
        double operations = 2.0 * shapes.Sum(shape => (double)shape.Outputs * shape.Inputs);
        foreach (int rows in Batches)
        {
            // Prompts are measured on one layer: the weights come from memory once per batch all the same.
            List<WeightMatrix> some = rows < 64 ? matrices : matrices[..3];
            double share = rows < 64 ? 1 : 3.0 / matrices.Count;
            Console.Write($" {operations * share * rows / Seconds(some, team, rows) / 1e9,6:f0}");
        }

        Console.WriteLine();
        matrices.ForEach(matrix => matrix.Dispose());
    }

    /// <summary>A matrix that stays in the second-level cache: what remains is the kernel's own time.</summary>
    private static WeightMatrix Small(TensorType type, ThreadTeam team)
    {
        byte[] stored = new byte[TensorLayout.Of(type).RowBytes(1024) * 256];
        fixed (byte* data = stored)
        {
            return WeightMatrix.Load(type, (nint)data, 256, 1024, WeightPrecision.AsStored, team);
        }
    }

    private static double Seconds(List<WeightMatrix> matrices, ThreadTeam team, int rows)
    {
        int inputs = matrices.Max(matrix => matrix.Inputs);
        using FloatBuffer x = new(rows, inputs);
        using FloatBuffer y = new(rows, matrices.Max(matrix => matrix.Outputs));
        using ActivationRows activations = new(rows, inputs);
        Random random = new(2);
        for (int row = 0; row < rows; row++)
        {
            foreach (ref float value in x.All[row])
            {
                value = (float)(random.NextDouble() - 0.5);
            }
        }

        ProjectionTarget[] target = new ProjectionTarget[1];
        return FastestRun.Seconds(TimeProvider.System, matrices.Count, i =>
        {
            activations.Load(team, x.All.Slice(0, matrices[i].Inputs));
            target[0] = new ProjectionTarget(matrices[i], y.All.Slice(0, matrices[i].Outputs));
            Projection.Run(team, activations, target);
        });
    }

    /// <summary>Random bytes as 16-bit scales would hold NaN; no type has anything else there that is not a number.</summary>
    private static void MakeScalesNumbers(TensorType type, byte* stored, long bytes)
    {
        int block = TensorLayout.Of(type).BlockBytes;
        int[] offsets = type switch
        {
            TensorType.F32 => [],
            TensorType.Q2_K => [80, 82],
            TensorType.Q3_K => [108],
            TensorType.Q6_K => [208],
            TensorType.MXFP4 => [],
            _ => [0, 2],
        };
        for (long start = 0; start < bytes; start += block)
        {
            foreach (int offset in offsets)
            {
                if (offset + 1 < block)
                {
                    stored[start + offset + 1] = 0x20;
                }
            }
        }
    }
}
