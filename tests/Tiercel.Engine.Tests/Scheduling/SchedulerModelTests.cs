namespace Tiercel.Engine.Tests.Scheduling;

public class SchedulerModelTests
{
    [Fact]
    public void Every_row_reads_its_own_history_and_every_block_is_accounted_for_and_all_sequences_end()
    {
        for (int seed = 0; seed < 400; seed++)
        {
            SchedulerModel model = new(seed, ModelShape.Draw(seed));
            try
            {
                model.Run();
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"seed {seed}, step {model.Steps}", failure);
            }
        }
    }

    [Fact]
    public void The_same_calls_give_the_same_plans()
    {
        for (int seed = 1000; seed < 1020; seed++)
        {
            SchedulerModel first = new(seed, ModelShape.Draw(seed));
            SchedulerModel second = new(seed, ModelShape.Draw(seed));
            first.Run();
            second.Run();
            Assert.Equal(first.Trace, second.Trace);
        }
    }
}
