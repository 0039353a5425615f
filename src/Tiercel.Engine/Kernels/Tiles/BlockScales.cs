using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>One float16 scale per block and output, and with offsets one float16 offset: per block 16 scales, then 16 offsets.</summary>
internal readonly unsafe struct BlockScales<TOffsets> : ITileScales
    where TOffsets : struct, ISwitch
{
    public static bool HasOffsets => TOffsets.On;

    public static bool TwoGroups => false;

    private static int BlockBytes => TOffsets.On ? 64 : 32;

    public static int Bytes(int blocks) => checked(blocks * BlockBytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(
        byte* scales, int block, out Vector512<float> s0, out Vector512<float> s1, out Vector512<float> o0, out Vector512<float> o1)
    {
        ushort* source = (ushort*)(scales + ((nint)block * BlockBytes));
        s0 = HalfConversion.Load512(source);
        o0 = TOffsets.On ? HalfConversion.Load512(source + 16) : default;
        s1 = default;
        o1 = default;
    }

    public static void Expand(byte* scales, int block, float* expanded)
    {
        ushort* source = (ushort*)(scales + ((nint)block * BlockBytes));
        HalfRuns.Expand16(source, expanded);
        if (TOffsets.On)
        {
            HalfRuns.Expand16(source + 16, expanded + 32);
        }
    }
}
