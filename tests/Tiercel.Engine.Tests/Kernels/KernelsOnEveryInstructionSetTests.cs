using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Kernels;

public class KernelsOnEveryInstructionSetTests
{
    [Theory]
    [InlineData(InstructionSet.Scalar)]
    [InlineData(InstructionSet.Vector128)]
    [InlineData(InstructionSet.Avx2)]
    [InlineData(InstructionSet.Avx512)]
    public void ProjectionsInFloatHold(InstructionSet set) => InstructionSetRunner.Run(set, typeof(ProjectionInFloatTests));
}
