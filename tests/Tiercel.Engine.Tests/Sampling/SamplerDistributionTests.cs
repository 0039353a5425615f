using Tiercel.Engine.Sampling;

namespace Tiercel.Engine.Tests.Sampling;

/// <summary>Draws with fixed seeds against hand-made distributions: a wrong truncation, scale or random number shows.</summary>
public class SamplerDistributionTests
{
    private const int Draws = 20_000;

    /// <summary>Their softmax is exactly proportional to 8, 4, 2, 1, 1.</summary>
    private static readonly float[] Logits = [.. new[] { 4.0, 1, 8, 1, 2 }.Select(w => (float)Math.Log(w))];

    public static TheoryData<string, SamplingOptions, double[]> Cases => new()
    {
        { "plain", new(), [4, 1, 8, 1, 2] },
        { "temperature", new() { Temperature = 0.5f }, [16, 1, 64, 1, 4] },
        { "top-k", new() { TopK = 2 }, [4, 0, 8, 0, 0] },
        { "top-k keeps the lower id of a tie", new() { TopK = 4 }, [4, 1, 8, 0, 2] },
        { "top-p is reached exactly", new() { TopP = 0.75f }, [4, 0, 8, 0, 0] },
        { "top-p needs one more", new() { TopP = 0.76f }, [4, 0, 8, 0, 2] },
        { "min-p", new() { MinP = 0.25f }, [4, 0, 8, 0, 2] },
        { "min-p of one keeps the best", new() { MinP = 1 }, [0, 0, 1, 0, 0] },

        // Surprises 1.39 (4/16), 2.77, 0.69 (8/16), 2.77, 2.08 nats against an entropy of 1.30: the second likeliest is the most typical.
        { "typical", new() { TypicalP = 0.2f }, [1, 0, 0, 0, 0] },
        { "typical keeps two", new() { TypicalP = 0.5f }, [4, 0, 8, 0, 0] },
        { "top-p works on what top-k leaves", new() { TopK = 2, TopP = 0.66f }, [0, 0, 1, 0, 0] },
        { "temperature comes before top-p", new() { Temperature = 0.5f, TopP = 0.74f }, [0, 0, 1, 0, 0] },
        { "in llama.cpp's order after it", new() { Temperature = 0.5f, TopP = 0.74f, Order = SamplingOrder.LlamaCpp }, [16, 0, 64, 0, 0] },
        { "bias", new() { LogitBias = new Dictionary<int, float> { [1] = (float)Math.Log(4), [2] = -100 } }, [4, 4, 0, 1, 2] },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Frequencies_match_the_distribution(string name, SamplingOptions options, double[] weights)
    {
        foreach (ulong seed in (ulong[])[1, 2, 3])
        {
            var sampler = new Sampler(options with { Seed = seed }, Logits.Length, [0], new HashSet<int>(), 0);
            long[] counts = new long[Logits.Length];
            float[] row = new float[Logits.Length];
            for (int i = 0; i < Draws; i++)
            {
                Logits.CopyTo(row, 0);
                counts[sampler.Sample(row, i).Token]++;
            }

            double[] expected = [.. weights.Select(w => w / weights.Sum())];
            Assert.True(ChiSquare.IsPlausible(counts, expected), $"{name}, seed {seed}: {string.Join(' ', counts)}");
        }
    }

    [Fact]
    public void The_test_notices_a_slightly_wrong_distribution() =>
        Assert.False(ChiSquare.IsPlausible([5400, 1250, 9600, 1250, 2500], [0.25, 0.0625, 0.5, 0.0625, 0.125]));

    [Fact]
    public void A_large_vocabulary_is_drawn_from_evenly()
    {
        const int Vocabulary = 5000;
        var sampler = new Sampler(new SamplingOptions { Seed = 8 }, Vocabulary, [0], new HashSet<int>(), 0);
        float[] row = new float[Vocabulary];
        long[] bins = new long[50];
        for (int i = 0; i < Draws; i++)
        {
            bins[sampler.Sample(row, i).Token / 100]++;
        }

        Assert.True(ChiSquare.IsPlausible(bins, [.. Enumerable.Repeat(0.02, 50)]));
    }
}
