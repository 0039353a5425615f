using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>Runs of 16 small numbers, one per output of a tile, to floats; for the paths below AVX-512.</summary>
internal static unsafe class HalfRuns
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Expand16(ushort* source, float* destination)
    {
        if (Vector256.IsHardwareAccelerated)
        {
            HalfConversion.Load256(source).Store(destination);
            HalfConversion.Load256(source + 8).Store(destination + 8);
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            for (int i = 0; i < 16; i += 4)
            {
                HalfConversion.Load128(source + i).Store(destination + i);
            }
        }
        else
        {
            for (int i = 0; i < 16; i++)
            {
                destination[i] = (float)BitConverter.UInt16BitsToHalf(source[i]);
            }
        }
    }
}
