using Tiercel.Engine.Tests.Kernels;
using Tiercel.Engine.Tests.KvCache;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Models;

public class ForwardOnEveryInstructionSetTests
{
    public static TheoryData<InstructionSet> Sets => [InstructionSet.Scalar, InstructionSet.Vector128, InstructionSet.Avx2, InstructionSet.Avx512];

    [Theory]
    [MemberData(nameof(Sets))]
    public void GoldenLogitsHold(InstructionSet set) => InstructionSetRunner.Run(set, typeof(GoldenLogitsTests));

    [Theory]
    [MemberData(nameof(Sets))]
    public void RowKernelsHold(InstructionSet set) => InstructionSetRunner.Run(set, typeof(RowKernelTests));

    [Theory]
    [MemberData(nameof(Sets))]
    public void CacheConversionsHold(InstructionSet set) => InstructionSetRunner.Run(set, typeof(KvConversionTests));

    [Theory]
    [InlineData(InstructionSet.Avx2)]
    [InlineData(InstructionSet.Vector128)]
    public void RowsDoNotDependOnTheirCompany(InstructionSet set) => InstructionSetRunner.Run(set, typeof(BatchInvarianceTests));
}
