using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Tiercel.Engine.Models;

namespace Tiercel.Engine.Kernels;

/// <summary>The functions between the up and down projections, on one row. Formulas are those of <see cref="ActivationKind"/>.</summary>
internal static class Activations
{
    /// <summary>gate = f(gate, up).</summary>
    public static void Gated(ActivationKind kind, Span<float> gate, ReadOnlySpan<float> up)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(up.Length, gate.Length);
        switch (kind)
        {
            case ActivationKind.SiluGated:
                Run<SiluGate>(gate, up);
                break;
            case ActivationKind.GeluGated:
                Run<GeluGate>(gate, up);
                break;
            case ActivationKind.ClampedSwiglu:
                Run<ClampedSwigluGate>(gate, up);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(kind), kind, "it has no gate");
        }
    }

    /// <summary>values = gelu(values), by the error function.</summary>
    public static void GeluErf(Span<float> values) => Run<GeluErfFunction>(values, values);

    private static void Run<TFunction>(Span<float> gate, ReadOnlySpan<float> up)
        where TFunction : struct, IGateFunction
    {
        int done = Vector512.IsHardwareAccelerated ? Run<TFunction, FloatLanes512>(0, gate, up)
            : Vector256.IsHardwareAccelerated ? Run<TFunction, FloatLanes256>(0, gate, up)
            : Vector128.IsHardwareAccelerated ? Run<TFunction, FloatLanes128>(0, gate, up)
            : 0;
        Run<TFunction, ScalarLane>(done, gate, up);
    }

    private static int Run<TFunction, T>(int from, Span<float> gate, ReadOnlySpan<float> up)
        where TFunction : struct, IGateFunction
        where T : struct, IFloatLanes<T>
    {
        ref float g = ref MemoryMarshal.GetReference(gate);
        ref readonly float u = ref MemoryMarshal.GetReference(up);
        int i = from;
        for (; i + T.Count <= gate.Length; i += T.Count)
        {
            TFunction.Apply(T.Load(in g, (nuint)i), T.Load(in u, (nuint)i)).Store(ref g, (nuint)i);
        }

        return i;
    }

    private interface IGateFunction
    {
        static abstract T Apply<T>(T gate, T up)
            where T : struct, IFloatLanes<T>;
    }

    private readonly struct SiluGate : IGateFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(T gate, T up)
            where T : struct, IFloatLanes<T>
            => gate * LaneMath.Sigmoid(gate) * up;
    }

    private readonly struct GeluGate : IGateFunction
    {
        // 0.5 x (1 + tanh(sqrt(2/π) (x + 0.044715 x³))), and (1 + tanh(z)) / 2 = sigmoid(2z).
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(T gate, T up)
            where T : struct, IFloatLanes<T>
        {
            T cubic = T.MultiplyAdd(gate * gate * gate, T.Broadcast(0.044715f), gate);
            return gate * LaneMath.Sigmoid(T.Broadcast(2 * 0.79788456080286535588f) * cubic) * up;
        }
    }

    private readonly struct ClampedSwigluGate : IGateFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(T gate, T up)
            where T : struct, IFloatLanes<T>
        {
            T limited = T.Min(gate, T.Broadcast(7f));
            T clamped = T.Max(T.Min(up, T.Broadcast(7f)), T.Broadcast(-7f));
            return limited * LaneMath.Sigmoid(limited * T.Broadcast(1.702f)) * (clamped + T.Broadcast(1f));
        }
    }

    private readonly struct GeluErfFunction : IGateFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(T gate, T up)
            where T : struct, IFloatLanes<T>
            => T.Broadcast(0.5f) * gate * (T.Broadcast(1f) + LaneMath.Erf(gate * T.Broadcast(0.70710678118654752f)));
    }
}
