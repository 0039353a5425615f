using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>
/// Scales of two levels. Per super-block of 256 elements: 16 float16 scales, with offsets 16 float16 offsets, then per group 16 signed bytes that multiply the scales,
/// with offsets 16 unsigned bytes that multiply the offsets. Groups have 32 elements, or 16.
/// </summary>
internal readonly unsafe struct GroupScales<TTwoGroups, TOffsets> : ITileScales
    where TTwoGroups : struct, ISwitch
    where TOffsets : struct, ISwitch
{
    public static bool HasOffsets => TOffsets.On;

    public static bool TwoGroups => TTwoGroups.On;

    private static int HeadBytes => TOffsets.On ? 64 : 32;

    private static int GroupBytes => TOffsets.On ? 32 : 16;

    private static int GroupsPerBlock => TTwoGroups.On ? 2 : 1;

    private static int SuperBytes => HeadBytes + (8 * GroupsPerBlock * GroupBytes);

    public static int Bytes(int blocks) => checked(blocks / 8 * SuperBytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(
        byte* scales, int block, out Vector512<float> s0, out Vector512<float> s1, out Vector512<float> o0, out Vector512<float> o1)
    {
        byte* head = scales + ((nint)(block >> 3) * SuperBytes);
        byte* group = head + HeadBytes + ((block & 7) * GroupsPerBlock * GroupBytes);
        Vector512<float> scale = HalfConversion.Load512((ushort*)head);
        s0 = scale * Signed(group);
        s1 = TTwoGroups.On ? scale * Signed(group + GroupBytes) : default;
        if (TOffsets.On)
        {
            Vector512<float> offset = HalfConversion.Load512((ushort*)(head + 32));
            o0 = offset * Signed(group + 16);
            o1 = TTwoGroups.On ? offset * Signed(group + GroupBytes + 16) : default;
        }
        else
        {
            o0 = default;
            o1 = default;
        }
    }

    public static void Expand(byte* scales, int block, float* expanded)
    {
        byte* head = scales + ((nint)(block >> 3) * SuperBytes);
        byte* group = head + HeadBytes + ((block & 7) * GroupsPerBlock * GroupBytes);
        float* heads = stackalloc float[32];
        HalfRuns.Expand16((ushort*)head, heads);
        if (TOffsets.On)
        {
            HalfRuns.Expand16((ushort*)(head + 32), heads + 16);
        }

        for (int g = 0; g < GroupsPerBlock; g++)
        {
            byte* bytes = group + (g * GroupBytes);
            Multiply(heads, (sbyte*)bytes, expanded + (g * 16));
            if (TOffsets.On)
            {
                Multiply(heads + 16, (sbyte*)bytes + 16, expanded + 32 + (g * 16));
            }
        }
    }

    /// <summary>No offset integer is above 63, so that signed bytes serve for both.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Signed(byte* bytes)
        => Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(Vector128.Load((sbyte*)bytes)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Multiply(float* heads, sbyte* factors, float* products)
    {
        if (Avx2.IsSupported)
        {
            (Vector256.Load(heads) * Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32(factors))).Store(products);
            (Vector256.Load(heads + 8) * Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32(factors + 8))).Store(products + 8);
            return;
        }

        for (int i = 0; i < 16; i++)
        {
            products[i] = heads[i] * factors[i];
        }
    }
}
