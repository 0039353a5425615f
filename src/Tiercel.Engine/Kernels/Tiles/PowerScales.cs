using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>One bfloat16 scale per block and output: the powers of two of MXFP4.</summary>
internal readonly unsafe struct PowerScales : ITileScales
{
    public static bool HasOffsets => false;

    public static bool TwoGroups => false;

    public static int Bytes(int blocks) => checked(blocks * 32);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(
        byte* scales, int block, out Vector512<float> s0, out Vector512<float> s1, out Vector512<float> o0, out Vector512<float> o1)
    {
        s0 = (Avx512F.ConvertToVector512UInt32(Vector256.Load((ushort*)scales + ((nint)block * 16))) << 16).AsSingle();
        s1 = default;
        o0 = default;
        o1 = default;
    }

    public static void Expand(byte* scales, int block, float* expanded)
    {
        ushort* source = (ushort*)scales + ((nint)block * 16);
        for (int i = 0; i < 16; i++)
        {
            expanded[i] = BitConverter.UInt32BitsToSingle((uint)source[i] << 16);
        }
    }
}
