using Tiercel.Engine.KvCache;
using Tiercel.Engine.Scheduling;

namespace Tiercel.Engine.Tests.Scheduling;

/// <summary>The checks of the model are worth something only if they fail: each known kind of mistake is made on purpose.</summary>
public class PlantedBugTests
{
    [Fact]
    public void Writing_a_shared_block_without_a_copy_is_caught() =>
        AssertCaught((blocks, size) => new UncopiedCache(blocks, size));

    [Fact]
    public void Trusting_a_hash_is_caught() =>
        AssertCaught((blocks, size) => new BlockCache(new BlockPool(blocks), new HashOnlyTree(blocks, size), size));

    [Fact]
    public void Ignoring_the_salt_is_caught() =>
        AssertCaught((blocks, size) => new BlockCache(new BlockPool(blocks), new UnsaltedTree(blocks, size), size));

    [Fact]
    public void A_block_that_is_never_given_back_is_caught() =>
        AssertCaught((blocks, size) => new LeakingCache(blocks, size));

    [Fact]
    public void Copying_after_the_rows_is_caught()
    {
        SchedulerRig rig = new(new SchedulerOptions { ContextLength = 512 });
        rig.Finish(rig.Add(SchedulerRig.Prompt(1, 100)));
        rig.Add([.. SchedulerRig.Prompt(1, 80), 1, 2, 3]);
        StepPlan plan = rig.Scheduler.Plan(rig.Now);
        FakeExecutor fresh = new(1024, 32);
        Assert.Throws<CacheFault>(() => fresh.Run(plan with { Copies = [] }));
    }

    [Fact]
    public void Completing_a_step_that_failed_is_caught()
    {
        Scheduler scheduler = new(new SchedulerOptions { ContextLength = 512 }, 64, 32);
        FakeExecutor executor = new(64, 32);
        scheduler.TryAdd(new SequenceArrival { Prompt = SchedulerRig.Prompt(1, 100) }, default);
        StepPlan plan = scheduler.Plan(default);
        executor.RunHalf(plan);
        scheduler.Complete(plan, TimeSpan.FromMilliseconds(1));
        scheduler.TryAdd(new SequenceArrival { Prompt = SchedulerRig.Prompt(1, 100) }, default);
        Assert.Throws<CacheFault>(() => executor.Run(scheduler.Plan(default)));
    }

    [Fact]
    public void Colliding_hashes_alone_change_nothing()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            SchedulerModel plain = new(seed, ModelShape.Draw(seed));
            SchedulerModel colliding = new(
                seed, ModelShape.Draw(seed), (blocks, size) => new BlockCache(new BlockPool(blocks), new PrefixTree(blocks, size) { HashMask = 1 }, size));
            plain.Run();
            colliding.Run();
            Assert.Equal(plain.Trace, colliding.Trace);
        }
    }

    private static void AssertCaught(Func<int, int, BlockCache> makeCache)
    {
        int caught = 0;
        for (int seed = 0; seed < 50; seed++)
        {
            try
            {
                new SchedulerModel(seed, new ModelShape(), makeCache).Run();
            }
            catch (Exception e) when (e is CacheFault or InvalidOperationException)
            {
                caught++;
            }

            // The same seeds pass without the bug.
            new SchedulerModel(seed, new ModelShape()).Run();
        }

        Assert.InRange(caught, 25, 50);
    }

    private sealed class UncopiedCache(int blocks, int size) : BlockCache(blocks, size)
    {
        public override bool IsShared(int block) => false;
    }

    private sealed class LeakingCache(int blocks, int size) : BlockCache(blocks, size)
    {
        private int _releases;

        public override void Release(int block)
        {
            if (++_releases % 50 != 0)
            {
                base.Release(block);
            }
        }
    }

    private sealed class HashOnlyTree : PrefixTree
    {
        public HashOnlyTree(int blocks, int size)
            : base(blocks, size) => HashMask = 0xF;

        protected override bool SameTokens(int block, ReadOnlySpan<int> tokens) => true;
    }

    private sealed class UnsaltedTree(int blocks, int size) : PrefixTree(blocks, size)
    {
        public override int OpenRoot(string salt) => base.OpenRoot("");
    }
}
