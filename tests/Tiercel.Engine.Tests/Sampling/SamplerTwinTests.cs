using FsCheck;
using FsCheck.Fluent;
using Tiercel.Engine.Sampling;

namespace Tiercel.Engine.Tests.Sampling;

public class SamplerTwinTests
{
    private static readonly HashSet<int> EndTokens = [2, 3];

    /// <summary>
    /// Every option is on or off at random. Where single and double precision differ, the twin must have seen a decision closer than 1e-4, and
    /// that must be rare.
    /// </summary>
    [Fact]
    public void Agrees_with_a_double_precision_twin_for_every_combination_of_options()
    {
        int compared = 0;
        int close = 0;
        Gen<int> seeds = Gen.Choose(0, int.MaxValue - 1);
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(1500),
            Prop.ForAll(seeds.ToArbitrary(), seed =>
            {
                var random = new Random(seed);
                SamplingOptions options = RandomOptions(random);
                int vocabulary = random.Next(8, 400);
                int[] prompt = [.. Enumerable.Range(0, random.Next(1, 90)).Select(_ => random.Next(Math.Min(vocabulary, 12)))];
                var sampler = new Sampler(options, vocabulary, prompt, EndTokens, 1);
                var twin = new NaiveSampler(options, prompt, EndTokens);
                for (int step = 0; step < 4; step++)
                {
                    float[] logits = RandomLogits(random, vocabulary);
                    int position = prompt.Length + step;
                    int expected = twin.Draw(logits, Philox.Uniform(options.Seed, 1, position));
                    int token = sampler.Sample(logits, position).Token;
                    compared++;
                    if (token != expected)
                    {
                        Assert.True(twin.Margin < 1e-4, $"token {token} instead of {expected} at margin {twin.Margin}: {options}");
                        close++;
                    }

                    sampler.Accept(expected);
                    twin.Accept(expected);
                }
            }));
        Assert.True(close < compared / 50, $"{close} of {compared} differed");
    }

    /// <summary>Large vocabularies take the paths that skip, partition and block; each truncation alone and all of them together.</summary>
    [Theory]
    [InlineData(0, 1f, 0f, 1f)]
    [InlineData(40, 1f, 0f, 1f)]
    [InlineData(0, 0.95f, 0f, 1f)]
    [InlineData(0, 0.9999f, 0f, 1f)]
    [InlineData(0, 1f, 0.001f, 1f)]
    [InlineData(0, 1f, 0f, 0.9f)]
    [InlineData(5000, 0.99f, 0.0001f, 0.95f)]
    public void Agrees_with_the_twin_on_a_large_vocabulary(int topK, float topP, float minP, float typicalP)
    {
        const int Vocabulary = 30_001;
        var random = new Random(17);
        foreach (SamplingOrder order in Enum.GetValues<SamplingOrder>())
        {
            var options = new SamplingOptions { TopK = topK, TopP = topP, MinP = minP, TypicalP = typicalP, Temperature = 1.3f, Order = order, Seed = 99 };
            var sampler = new Sampler(options, Vocabulary, [1], EndTokens, 0);
            var twin = new NaiveSampler(options, [1], EndTokens);
            for (int step = 0; step < 5; step++)
            {
                float[] logits = [.. Enumerable.Range(0, Vocabulary).Select(_ => (float)((random.NextDouble() * 12) - 4))];
                int expected = twin.Draw(logits, Philox.Uniform(options.Seed, 0, step));
                int token = sampler.Sample(logits, step).Token;

                // With so many tokens a border of two quantiles is never far; neighbours in the kept set are the same decision.
                Assert.True(token == expected || twin.Margin < 1e-6, $"{token} instead of {expected} at margin {twin.Margin}");
            }
        }
    }

    private static float[] RandomLogits(Random random, int vocabulary)
    {
        // A coarse grid has many ties, a fine one has none; a few tokens are impossible.
        bool coarse = random.Next(3) == 0;
        double width = random.Next(1, 15);
        float[] logits = new float[vocabulary];
        for (int i = 0; i < vocabulary; i++)
        {
            double value = (random.NextDouble() - 0.5) * 2 * width;
            logits[i] = i > 4 && random.Next(40) == 0 ? float.NegativeInfinity : (float)(coarse ? Math.Round(value) : value);
        }

        return logits;
    }

    private static SamplingOptions RandomOptions(Random random)
    {
        bool On() => random.Next(3) == 0;
        float Between(double low, double high) => (float)(low + (random.NextDouble() * (high - low)));
        return new SamplingOptions
        {
            Temperature = random.Next(6) == 0 ? 0 : Between(0.2, 2),
            TopK = On() ? random.Next(1, 50) : 0,
            TopP = On() ? Between(0.05, 1) : 1,
            MinP = On() ? Between(0, 0.5) : 0,
            TypicalP = On() ? Between(0.05, 1) : 1,
            RepetitionPenalty = On() ? Between(0.5, 2) : 1,
            PresencePenalty = On() ? Between(-2, 2) : 0,
            FrequencyPenalty = On() ? Between(-2, 2) : 0,
            DryMultiplier = On() ? Between(0.1, 2) : 0,
            DryAllowedLength = random.Next(1, 4),
            DryWindow = On() ? random.Next(1, 60) : 0,
            DryBreakers = On() ? [random.Next(8), random.Next(8)] : [],
            LogitBias = On() ? new Dictionary<int, float> { [random.Next(8)] = Between(-100, 100), [7] = Between(-5, 5) } : null,
            MinTokens = On() ? random.Next(4) : 0,
            StopTokens = On() ? [random.Next(8)] : [],
            Seed = (ulong)random.NextInt64(),
            Order = random.Next(2) == 0 ? SamplingOrder.OpenAI : SamplingOrder.LlamaCpp,
        };
    }
}
