using Tiercel.Engine.Scheduling;

namespace Tiercel.Engine.Tests.Scheduling;

public class StepCostModelTests
{
    [Fact]
    public void The_cost_of_rows_and_of_attention_is_learnt_through_noise_and_pauses()
    {
        Random random = new(1);
        StepCostModel model = new();
        for (int i = 0; i < 400; i++)
        {
            (double rows, double pairs) = Draw(random);
            double noise = 1 + 0.2 * (random.NextDouble() - 0.5);
            double pause = random.Next(40) == 0 ? 2 : 0;
            model.Learn(rows, pairs, Cost(rows, pairs) * noise + pause);
        }

        for (int i = 0; i < 50; i++)
        {
            (double rows, double pairs) = Draw(random);
            Assert.InRange(model.Predict(rows, pairs) / Cost(rows, pairs), 0.7, 1.4);
        }
    }

    [Fact]
    public void Steps_that_are_all_alike_do_not_make_further_rows_free()
    {
        StepCostModel model = new();
        for (int i = 0; i < 1000; i++)
        {
            model.Learn(8, 8 * 200, 0.02);
        }

        Assert.InRange(model.Predict(8, 8 * 200), 0.019, 0.021);
        Assert.True(model.PredictRow(200) > 0, "a row costs something");
    }

    [Fact]
    public void A_machine_that_becomes_four_times_slower_is_noticed_within_a_hundred_steps()
    {
        Random random = new(2);
        StepCostModel model = new();
        for (int i = 0; i < 200; i++)
        {
            (double rows, double pairs) = Draw(random);
            model.Learn(rows, pairs, Cost(rows, pairs) * (i < 100 ? 1 : 4));
        }

        Assert.InRange(model.Predict(100, 20_000) / Cost(100, 20_000), 3, 5);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(3000, 1)]
    [InlineData(500, 4)]
    public void Rows_for_some_seconds_take_these_seconds_with_what_they_attend_to_of_each_other(double context, int sequences)
    {
        const double Seconds = 0.08;
        Random random = new(3);
        StepCostModel model = new();
        for (int i = 0; i < 400; i++)
        {
            (double learntRows, double pairs) = Draw(random);
            model.Learn(learntRows, pairs, Cost(learntRows, pairs));
        }

        double rows = model.RowsFor(Seconds, context, sequences, most: 1e9);
        double attended = rows * (context + (rows / sequences / 2));
        Assert.Equal(Seconds, model.Predict(rows, attended) - model.Predict(0, 0), 1e-9);
        Assert.Equal(5, model.RowsFor(Seconds, context, sequences, most: 5));
        Assert.Equal(0, model.RowsFor(-1, context, sequences, most: 5));
    }

    [Fact]
    public void Nonsense_is_not_learnt()
    {
        StepCostModel model = new();
        model.Learn(10, 100, double.NaN);
        model.Learn(10, 100, -1);
        model.Learn(10, 100, double.PositiveInfinity);
        model.Learn(0, 0, 1);
        Assert.False(model.HasLearnt);
    }

    private static (double Rows, double Pairs) Draw(Random random)
    {
        int rows = random.Next(1, 10) + (random.Next(2) == 0 ? random.Next(200) : 0);
        return (rows, rows * (double)random.Next(10, 2000));
    }

    private static double Cost(double rows, double pairs) => 0.012 + 0.0009 * rows + 2e-7 * pairs;
}
