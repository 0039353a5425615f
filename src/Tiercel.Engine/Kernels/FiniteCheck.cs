using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tiercel.Engine.Formats;

namespace Tiercel.Engine.Kernels;

/// <summary>Looks for infinities and NaN in float16 tensors, which the kernels for float16 do not read; an item is one tensor.</summary>
internal sealed unsafe class FiniteCheck(IReadOnlyList<StoredTensor> tensors) : TeamWork
{
    private readonly bool[] _hasOthers = new bool[tensors.Count];

    /// <summary>Of a tensor that has been looked at; of any other type it is true.</summary>
    public bool IsFinite(int tensor) => !_hasOthers[tensor];

    public override void Execute(int item, int thread)
    {
        StoredTensor tensor = tensors[item];
        _hasOthers[item] = tensor.Type == TensorType.F16 && !AllFinite((ushort*)tensor.Data, (long)tensor.Outputs * tensor.Inputs);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool AllFinite(ushort* values, long count)
    {
        const ushort Exponent = 0x7c00;
        Vector256<ushort> special = Vector256<ushort>.Zero;
        Vector256<ushort> exponent = Vector256.Create(Exponent);
        long i = 0;
        for (; i <= count - 16; i += 16)
        {
            special |= Vector256.Equals(Vector256.Load(values + i) & exponent, exponent);
        }

        bool finite = special == Vector256<ushort>.Zero;
        for (; i < count; i++)
        {
            finite &= (values[i] & Exponent) != Exponent;
        }

        return finite;
    }
}
