using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels;

/// <summary>Root-mean-square norm and LayerNorm of one row.</summary>
internal static class RowNorm
{
    /// <summary>destination = source / sqrt(mean(source²) + ε) * weight; in place is allowed.</summary>
    public static void RootMeanSquare(ReadOnlySpan<float> source, ReadOnlySpan<float> weight, float epsilon, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(weight.Length, source.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, source.Length);
        float squares = SumOfSquares(source, 0f);
        float scale = (float)(1 / Math.Sqrt(((double)squares / source.Length) + epsilon));
        ScaleShift(source, 0f, scale, weight, default, destination);
    }

    /// <summary>destination = (source - mean) / sqrt(variance + ε) * weight + bias; in place is allowed.</summary>
    public static void Layer(ReadOnlySpan<float> source, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, float epsilon, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(weight.Length, source.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(bias.Length, source.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, source.Length);
        double sum = 0;
        foreach (float value in source)
        {
            sum += value;
        }

        float mean = (float)(sum / source.Length);
        float squares = SumOfSquares(source, mean);
        float scale = (float)(1 / Math.Sqrt(((double)squares / source.Length) + epsilon));
        ScaleShift(source, mean, scale, weight, bias, destination);
    }

    private static float SumOfSquares(ReadOnlySpan<float> source, float mean)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            return SumOfSquares<FloatLanes512>(source, mean);
        }

        return Vector256.IsHardwareAccelerated ? SumOfSquares<FloatLanes256>(source, mean)
            : Vector128.IsHardwareAccelerated ? SumOfSquares<FloatLanes128>(source, mean)
            : SumOfSquares<ScalarLane>(source, mean);
    }

    /// <summary>Lane i sums elements i, i + width, …; the tail is added at the end.</summary>
    private static float SumOfSquares<T>(ReadOnlySpan<float> source, float mean)
        where T : struct, IFloatLanes<T>
    {
        ref readonly float first = ref MemoryMarshal.GetReference(source);
        T shift = T.Broadcast(mean);
        T sum = T.Broadcast(0f);
        int whole = source.Length - (source.Length % T.Count);
        for (int i = 0; i < whole; i += T.Count)
        {
            T value = T.Load(in first, (nuint)i) - shift;
            sum = T.MultiplyAdd(value, value, sum);
        }

        float total = sum.Sum();
        for (int i = whole; i < source.Length; i++)
        {
            float value = source[i] - mean;
            total += value * value;
        }

        return total;
    }

    private static void ScaleShift(ReadOnlySpan<float> source, float mean, float scale, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, Span<float> destination)
    {
        int done = Vector512.IsHardwareAccelerated ? ScaleShift<FloatLanes512>(0, source, mean, scale, weight, bias, destination)
            : Vector256.IsHardwareAccelerated ? ScaleShift<FloatLanes256>(0, source, mean, scale, weight, bias, destination)
            : Vector128.IsHardwareAccelerated ? ScaleShift<FloatLanes128>(0, source, mean, scale, weight, bias, destination)
            : 0;
        ScaleShift<ScalarLane>(done, source, mean, scale, weight, bias, destination);
    }

    private static int ScaleShift<T>(int from, ReadOnlySpan<float> source, float mean, float scale, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, Span<float> destination)
        where T : struct, IFloatLanes<T>
    {
        ref readonly float x = ref MemoryMarshal.GetReference(source);
        ref readonly float w = ref MemoryMarshal.GetReference(weight);
        ref readonly float b = ref MemoryMarshal.GetReference(bias);
        ref float y = ref MemoryMarshal.GetReference(destination);
        T shift = T.Broadcast(mean);
        T factor = T.Broadcast(scale);
        int i = from;
        for (; i + T.Count <= source.Length; i += T.Count)
        {
            T value = (T.Load(in x, (nuint)i) - shift) * factor * T.Load(in w, (nuint)i);
            value = bias.IsEmpty ? value : value + T.Load(in b, (nuint)i);
            value.Store(ref y, (nuint)i);
        }

        return i;
    }
}
