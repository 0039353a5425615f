using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Tiercel.Engine.Kernels.CodeGen;

namespace Tiercel.Engine.Kernels;

/// <summary>
/// The kernel path of this process, chosen once from what the processor and the runtime's switches allow (<c>DOTNET_EnableAVX512=0</c>,
/// <c>DOTNET_EnableAVX2=0</c>, <c>DOTNET_EnableHWIntrinsic=0</c> select lower ones).
/// </summary>
public static class KernelPaths
{
    public static KernelPath Current { get; } = Choose();

    /// <summary>For logs and for the numerics id.</summary>
    public static string Name => Current switch
    {
        KernelPath.Avx512 => "avx512",
        KernelPath.AvxVnni => "avxvnni",
        KernelPath.Avx2 => "avx2",
        KernelPath.Vector128 => "vector128",
        _ => "scalar",
    };

    /// <summary>Whether batches and prompts run on code generated at start-up; it changes the speed and never a bit of a result.</summary>
    public static bool UsesGeneratedCode => VnniKernel.Current is not null;

    // AVX-VNNI before AVX-512: one 256-bit dot product replaces three 512-bit instructions, and measures faster on every processor that has both.
    private static KernelPath Choose()
    {
        if (Avx2.IsSupported && Fma.IsSupported)
        {
            return AvxVnni.IsSupported ? KernelPath.AvxVnni
                : Avx512BW.IsSupported && Vector512.IsHardwareAccelerated ? KernelPath.Avx512
                : KernelPath.Avx2;
        }

        return Vector128.IsHardwareAccelerated ? KernelPath.Vector128 : KernelPath.Scalar;
    }
}
