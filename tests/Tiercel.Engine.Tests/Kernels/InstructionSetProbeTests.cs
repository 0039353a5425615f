using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Tiercel.Engine.Kernels;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Kernels;

/// <summary>Runs in every child of <see cref="InstructionSetRunner"/>, so that no child passes on a path it was not started for.</summary>
public class InstructionSetProbeTests
{
    [Fact]
    public void TheKernelsTakeThePathThatWasAskedFor()
    {
        switch (InstructionSetRunner.Requested)
        {
            case InstructionSet.Scalar:
                Assert.False(Vector128.IsHardwareAccelerated);
                Assert.Equal(KernelPath.Scalar, KernelPaths.Current);
                break;
            case InstructionSet.Vector128:
                Assert.False(Avx2.IsSupported);
                Assert.Equal(KernelPath.Vector128, KernelPaths.Current);
                break;
            case InstructionSet.Avx2:
                Assert.False(Avx512F.IsSupported);
                Assert.Equal(AvxVnni.IsSupported ? KernelPath.AvxVnni : KernelPath.Avx2, KernelPaths.Current);
                break;
            case InstructionSet.Avx512:
                Assert.True(Avx512BW.IsSupported);
                Assert.Equal(AvxVnni.IsSupported ? KernelPath.AvxVnni : KernelPath.Avx512, KernelPaths.Current);
                break;
            default:
                Assert.True(Enum.IsDefined(KernelPaths.Current));
                break;
        }

        if (InstructionSetRunner.Requested is not (null or InstructionSet.Avx512) || Environment.GetEnvironmentVariable("TIERCEL_GENERATED_CODE") == "0")
        {
            Assert.False(KernelPaths.UsesGeneratedCode);
        }
    }
}
