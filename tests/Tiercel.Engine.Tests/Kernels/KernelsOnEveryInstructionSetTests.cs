using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Kernels;

/// <summary>The kernel tests again, each path in a child process of its own.</summary>
public class KernelsOnEveryInstructionSetTests
{
    public static readonly TheoryData<InstructionSet> Sets = [.. Enum.GetValues<InstructionSet>()];

    [Theory]
    [MemberData(nameof(Sets))]
    public void ProjectionsAreRight(InstructionSet set) => InstructionSetRunner.Run(set, typeof(ProjectionTests));

    [Theory]
    [MemberData(nameof(Sets))]
    public void ProjectionsAreReproducible(InstructionSet set) => InstructionSetRunner.Run(set, typeof(ReproducibilityTests));

    [Theory]
    [InlineData(typeof(ProjectionTests))]
    [InlineData(typeof(ReproducibilityTests))]
    public void TheyHoldWithoutGeneratedCode(Type tests) => InstructionSetRunner.Run(InstructionSet.Avx512, tests, ("TIERCEL_GENERATED_CODE", "0"));
}
