using Tiercel.Gateway.Admission;

namespace Tiercel.Gateway.Tests.Admission;

public sealed class PromptEstimatorTests
{
    [Theory]
    [InlineData(4.2, 0.4)]
    [InlineData(2.5, 0.3)]
    [InlineData(1.3, 0.1)]
    public void It_learns_how_many_bytes_a_token_has_and_errs_upwards(double bytesPerToken, double spread)
    {
        Random random = new(7);
        PromptEstimator estimator = new();
        long Tokens(long bytes) => (long)(bytes / (bytesPerToken + spread * (2 * random.NextDouble() - 1)));
        for (int i = 0; i < 300; i++)
        {
            long bytes = random.Next(200, 20_000);
            estimator.Observe(bytes, Tokens(bytes));
        }

        long[] sizes = [.. Enumerable.Range(0, 200).Select(_ => (long)random.Next(200, 20_000))];
        Assert.True(sizes.Count(size => estimator.Estimate(size) >= Tokens(size)) > 185, "the estimate is too low too often");
        Assert.All(sizes, size => Assert.True(estimator.Estimate(size) < 1.5 * Tokens(size) + 32));
    }

    [Fact]
    public void A_prompt_never_has_more_tokens_than_bytes_and_a_template()
    {
        PromptEstimator estimator = new();
        for (int i = 0; i < 100; i++)
        {
            estimator.Observe(100, 100_000);
        }

        Assert.InRange(estimator.Estimate(1000), 1000, 1100);
        Assert.InRange(estimator.Estimate(0), 0, 100);
    }
}
