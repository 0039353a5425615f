using Tiercel.Engine.Models;

namespace Tiercel.Engine.Tests.Models;

/// <summary>The division of memory is arithmetic that a user can check.</summary>
public sealed class MemoryPlanTests
{
    private const long MiB = 1L << 20;

    [Fact]
    public void TheTrainedContextIsGivenWhereItFits()
    {
        (MemoryPlan? plan, string? refusal) = MemoryPlan.Make(2048, null, null, 32, MiB, 8192 * MiB);
        Assert.Null(refusal);
        Assert.Equal(2048, plan!.ContextLength);

        // 65,536 tokens are 2,048 blocks of 32, which is less than half of the free memory.
        Assert.Equal(2048, plan.BlockCount);
        Assert.Equal(2048 * MiB, plan.KvBytes);
    }

    [Fact]
    public void TheCacheTakesAtMostHalfOfWhatIsFree()
    {
        (MemoryPlan? plan, _) = MemoryPlan.Make(2048, null, null, 32, MiB, 1000 * MiB);
        Assert.Equal(500, plan!.BlockCount);
    }

    [Fact]
    public void AContextThatDoesNotFitIsCutAndSaidSo()
    {
        (MemoryPlan? plan, _) = MemoryPlan.Make(131_072, null, null, 32, MiB, 2048 * MiB);
        Assert.Equal(1024 * 32, plan!.ContextLength);
        Assert.Contains("131,072 tokens of context need 4 GiB", plan.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public void AContextThatWasAskedForIsNeverCutButRefusedWithTheArithmetic()
    {
        (MemoryPlan? plan, string? refusal) = MemoryPlan.Make(131_072, 131_072, null, 32, MiB, 2048 * MiB);
        Assert.Null(plan);
        Assert.Contains("131,072 tokens of context need 4 GiB of key/value cache (1 MiB for each 32 tokens), and 1 GiB (half of 2 GiB free memory) are there", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void ACacheThatWasAskedForIsGivenWholeOrRefused()
    {
        (MemoryPlan? plan, _) = MemoryPlan.Make(2048, null, 1500 * MiB, 32, MiB, 2048 * MiB);
        Assert.Equal(1500, plan!.BlockCount);
        (plan, string? refusal) = MemoryPlan.Make(2048, null, 4096 * MiB, 32, MiB, 2048 * MiB);
        Assert.Null(plan);
        Assert.Contains("4 GiB does not fit into 2 GiB", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void AMachineThatCannotHoldASmallContextIsRefused()
    {
        (MemoryPlan? plan, string? refusal) = MemoryPlan.Make(2048, null, null, 32, MiB, 16 * MiB);
        Assert.Null(plan);
        Assert.NotNull(refusal);
    }
}
