using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels;

/// <summary>Elementwise arithmetic on one row.</summary>
internal static class RowArithmetic
{
    /// <summary>destination += source.</summary>
    public static void Add(ReadOnlySpan<float> source, Span<float> destination) => AddScaled(source, 1f, destination);

    /// <summary>destination += source * scale.</summary>
    public static void AddScaled(ReadOnlySpan<float> source, float scale, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, source.Length);
        int done = Vector512.IsHardwareAccelerated ? AddScaled<FloatLanes512>(0, source, scale, destination)
            : Vector256.IsHardwareAccelerated ? AddScaled<FloatLanes256>(0, source, scale, destination)
            : Vector128.IsHardwareAccelerated ? AddScaled<FloatLanes128>(0, source, scale, destination)
            : 0;
        AddScaled<ScalarLane>(done, source, scale, destination);
    }

    /// <summary>values *= scale.</summary>
    public static void Scale(Span<float> values, float scale)
    {
        int done = Vector512.IsHardwareAccelerated ? Scale<FloatLanes512>(0, values, scale)
            : Vector256.IsHardwareAccelerated ? Scale<FloatLanes256>(0, values, scale)
            : Vector128.IsHardwareAccelerated ? Scale<FloatLanes128>(0, values, scale)
            : 0;
        Scale<ScalarLane>(done, values, scale);
    }

    /// <summary>values = cap * tanh(values / cap).</summary>
    public static void SoftCap(Span<float> values, float cap)
    {
        int done = Vector512.IsHardwareAccelerated ? SoftCap<FloatLanes512>(0, values, cap)
            : Vector256.IsHardwareAccelerated ? SoftCap<FloatLanes256>(0, values, cap)
            : Vector128.IsHardwareAccelerated ? SoftCap<FloatLanes128>(0, values, cap)
            : 0;
        SoftCap<ScalarLane>(done, values, cap);
    }

    private static int AddScaled<T>(int from, ReadOnlySpan<float> source, float scale, Span<float> destination)
        where T : struct, IFloatLanes<T>
    {
        ref readonly float x = ref MemoryMarshal.GetReference(source);
        ref float y = ref MemoryMarshal.GetReference(destination);
        T factor = T.Broadcast(scale);
        int i = from;
        for (; i + T.Count <= source.Length; i += T.Count)
        {
            T.MultiplyAdd(T.Load(in x, (nuint)i), factor, T.Load(in y, (nuint)i)).Store(ref y, (nuint)i);
        }

        return i;
    }

    private static int Scale<T>(int from, Span<float> values, float scale)
        where T : struct, IFloatLanes<T>
    {
        ref float y = ref MemoryMarshal.GetReference(values);
        T factor = T.Broadcast(scale);
        int i = from;
        for (; i + T.Count <= values.Length; i += T.Count)
        {
            (T.Load(in y, (nuint)i) * factor).Store(ref y, (nuint)i);
        }

        return i;
    }

    private static int SoftCap<T>(int from, Span<float> values, float cap)
        where T : struct, IFloatLanes<T>
    {
        ref float y = ref MemoryMarshal.GetReference(values);
        T factor = T.Broadcast(cap);
        T inverse = T.Broadcast(1 / cap);
        int i = from;
        for (; i + T.Count <= values.Length; i += T.Count)
        {
            (factor * LaneMath.Tanh(T.Load(in y, (nuint)i) * inverse)).Store(ref y, (nuint)i);
        }

        return i;
    }
}
