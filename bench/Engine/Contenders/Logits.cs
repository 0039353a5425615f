using System.Numerics;
using System.Runtime.InteropServices;

namespace Tiercel.Bench.Engine.Contenders;

/// <summary>Greedy choice among logits.</summary>
internal static class Logits
{
    public static int IndexOfLargest(ReadOnlySpan<float> logits)
    {
        ReadOnlySpan<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(logits);
        Vector<float> largest = new(float.NegativeInfinity);
        foreach (Vector<float> vector in vectors)
        {
            largest = Vector.Max(largest, vector);
        }

        float value = float.NegativeInfinity;
        for (int lane = 0; lane < Vector<float>.Count; lane++)
        {
            value = MathF.Max(value, largest[lane]);
        }

        foreach (float last in logits[(vectors.Length * Vector<float>.Count)..])
        {
            value = MathF.Max(value, last);
        }

        return Math.Max(0, logits.IndexOf(value));
    }
}
