using Tiercel.Engine.Sampling;

namespace Tiercel.Engine.Tests.Sampling;

public class SamplerTests
{
    private static readonly HashSet<int> EndTokens = [1];

    [Fact]
    public void Replay_gives_the_same_sampler()
    {
        var random = new Random(4);
        foreach (SamplingOrder order in Enum.GetValues<SamplingOrder>())
        {
            var options = new SamplingOptions
            {
                RepetitionPenalty = 1.2f,
                FrequencyPenalty = 0.4f,
                PresencePenalty = 0.3f,
                DryMultiplier = 0.8f,
                MinTokens = 20,
                TopP = 0.9f,
                Seed = 12,
                Order = order,
            };
            int[] prompt = [3, 4, 5, 3, 4];
            var undisturbed = new Sampler(options, 50, prompt, EndTokens, 2);
            List<int> emitted = [];
            for (int step = 0; step < 40; step++)
            {
                float[] logits = [.. Enumerable.Range(0, 50).Select(_ => (float)(random.NextDouble() * 6))];
                var resumed = new Sampler(options, 50, prompt, EndTokens, 2);
                emitted.ForEach(resumed.Accept);
                int position = prompt.Length + step;
                int token = undisturbed.Sample([.. logits], position).Token;
                Assert.Equal(token, resumed.Sample([.. logits], position).Token);
                undisturbed.Accept(token);
                emitted.Add(token);
            }

            Assert.True(emitted.Distinct().Count() > 5);
        }
    }

    [Fact]
    public void Sampling_twice_at_a_position_gives_the_same_token_and_other_choices_differ()
    {
        var first = new Sampler(new SamplingOptions { Seed = 3 }, 1000, [0], EndTokens, 0);
        var second = new Sampler(new SamplingOptions { Seed = 3 }, 1000, [0], EndTokens, 1);
        int[] a = [.. Enumerable.Range(1, 20).Select(p => first.Sample(new float[1000], p).Token)];
        int[] again = [.. Enumerable.Range(1, 20).Select(p => first.Sample(new float[1000], p).Token)];
        int[] b = [.. Enumerable.Range(1, 20).Select(p => second.Sample(new float[1000], p).Token)];
        Assert.Equal(a, again);
        Assert.NotEqual(a, b);
    }

    [Fact]
    public void Greedy_takes_the_lowest_id_among_equals_wherever_it_lies()
    {
        foreach (int place in (int[])[0, 5, 8, 30, 31])
        {
            float[] logits = new float[33];
            logits[place] = 2;
            logits[32] = 2;
            var sampler = new Sampler(new SamplingOptions { Temperature = 0 }, 33, [0], EndTokens, 0);
            Assert.Equal(place, sampler.Sample(logits, 1).Token);
        }

        // Plus and minus zero are equal.
        Assert.Equal(0, new Sampler(new SamplingOptions { Temperature = 0 }, 2, [0], EndTokens, 0).Sample([-0f, 0f], 1).Token);
    }

    [Fact]
    public void Logprobs_are_those_of_the_model_whatever_the_options()
    {
        float[] logits = [.. new[] { 4.0, 1, 8, 1, 2 }.Select(w => (float)Math.Log(w))];
        var options = new SamplingOptions
        {
            Temperature = 0,
            Logprobs = 4,
            LogitBias = new Dictionary<int, float> { [2] = -100, [3] = 50 },
            RepetitionPenalty = 2,
        };
        GeneratedToken token = new Sampler(options, 5, [0, 1], EndTokens, 0).Sample(logits, 2);
        Assert.Equal(3, token.Token);
        Assert.Equal(Math.Log(1 / 16.0), token.Logprob!.Value, 1e-6);
        Assert.Equal([2, 0, 4, 1], token.Alternatives.Select(a => a.Token));
        Assert.All(token.Alternatives.Zip([8, 4, 2, 1]), pair => Assert.Equal(Math.Log(pair.Second / 16.0), pair.First.Logprob, 1e-6));
    }

    [Fact]
    public void Logprobs_are_given_only_when_asked_for()
    {
        GeneratedToken silent = new Sampler(new SamplingOptions(), 4, [0], EndTokens, 0).Sample(new float[4], 1);
        GeneratedToken bare = new Sampler(new SamplingOptions { Logprobs = 0 }, 4, [0], EndTokens, 0).Sample(new float[4], 1);
        Assert.Null(silent.Logprob);
        Assert.Empty(silent.Alternatives);
        Assert.Equal(Math.Log(0.25), bare.Logprob!.Value, 1e-6);
        Assert.Empty(bare.Alternatives);
    }

    [Fact]
    public void Alternatives_match_a_full_sort_and_probabilities_sum_to_one()
    {
        var random = new Random(6);
        float[] logits = [.. Enumerable.Range(0, 2003).Select(_ => (float)Math.Round(random.NextDouble() * 20, 1))];
        GeneratedToken token = TokenReport.Describe(logits, 5, 20);
        int[] expected = [.. Enumerable.Range(0, 2003).OrderByDescending(i => logits[i]).ThenBy(i => i).Take(20)];
        Assert.Equal(expected, token.Alternatives.Select(a => a.Token));
        double total = Enumerable.Range(0, 2003).Sum(i => Math.Exp(TokenReport.Describe(logits, i, 0).Logprob!.Value));
        Assert.Equal(1, total, 1e-5);
    }

    [Theory]
    [InlineData(float.NaN, 3)]
    [InlineData(float.NaN, 17)]
    [InlineData(float.PositiveInfinity, 0)]
    [InlineData(float.PositiveInfinity, 17)]
    public void Logits_that_are_no_numbers_are_refused(float value, int place)
    {
        foreach (float temperature in (float[])[0, 1])
        {
            float[] logits = new float[18];
            logits[place] = value;
            var sampler = new Sampler(new SamplingOptions { Temperature = temperature, TopP = 0.9f }, 18, [0], EndTokens, 0);
            Assert.Throws<InvalidLogitsException>(() => sampler.Sample(logits, 1));
        }
    }

    [Fact]
    public void A_row_without_a_possible_token_is_refused_and_impossible_tokens_are_never_drawn()
    {
        var sampler = new Sampler(new SamplingOptions { TypicalP = 0.99f }, 3, [0], EndTokens, 0);
        Assert.Throws<InvalidLogitsException>(() => sampler.Sample([float.NegativeInfinity, float.NegativeInfinity, float.NegativeInfinity], 1));
        for (int position = 0; position < 200; position++)
        {
            Assert.NotEqual(1, sampler.Sample([0, float.NegativeInfinity, 0], position).Token);
        }
    }

    [Fact]
    public void End_and_stop_tokens_are_impossible_before_min_tokens_and_end_the_output_after()
    {
        var options = new SamplingOptions { Temperature = 0, MinTokens = 2, StopTokens = [2] };
        var sampler = new Sampler(options, 4, [0], EndTokens, 0);
        Assert.Equal(3, sampler.Sample([0, 9, 8, 1], 1).Token);
        sampler.Accept(3);
        Assert.Equal(3, sampler.Sample([0, 9, 8, 1], 2).Token);
        sampler.Accept(3);
        Assert.Equal(1, sampler.Sample([0, 9, 8, 1], 3).Token);
        Assert.True(sampler.Ends(1));
        Assert.True(sampler.Ends(2));
        Assert.False(sampler.Ends(3));
        var endless = new Sampler(options with { IgnoreEos = true }, 4, [0], EndTokens, 0);
        Assert.False(endless.Ends(1));
        Assert.True(endless.Ends(2));
    }

    [Fact]
    public void Presence_and_frequency_look_at_the_output_only_and_repetition_at_the_prompt_too()
    {
        var counting = new Sampler(new SamplingOptions { Temperature = 0, FrequencyPenalty = 1, PresencePenalty = 0.5f }, 3, [0, 0, 0], EndTokens, 0);
        Assert.Equal(0, counting.Sample([5, 0, 4.9f], 3).Token);
        counting.Accept(0);
        Assert.Equal(2, counting.Sample([6.3f, 0, 4.9f], 4).Token);
        Assert.Equal(0, counting.Sample([6.5f, 0, 4.9f], 4).Token);
        var repeating = new Sampler(new SamplingOptions { Temperature = 0, RepetitionPenalty = 2 }, 3, [0], EndTokens, 0);
        Assert.Equal(2, repeating.Sample([5, 0, 4.9f], 1).Token);
        Assert.Equal(1, repeating.Sample([-1, -1.9f, -2.1f], 1).Token);
    }

    [Fact]
    public void Dry_stops_a_loop_that_greedy_decoding_would_run_forever()
    {
        const int Vocabulary = 10;
        int Next(SamplingOptions options, List<int> tokens)
        {
            var sampler = new Sampler(options, Vocabulary, tokens, EndTokens, 0);
            float[] logits = new float[Vocabulary];
            logits[5 + (tokens.Count % 3)] = 3;
            return sampler.Sample(logits, tokens.Count).Token;
        }

        List<int> looping = [.. Enumerable.Range(0, 9).Select(i => 5 + (i % 3))];
        Assert.Equal(5, Next(new SamplingOptions { Temperature = 0 }, looping));
        Assert.NotEqual(5, Next(new SamplingOptions { Temperature = 0, DryMultiplier = 1 }, looping));
        Assert.Equal(5, Next(new SamplingOptions { Temperature = 0, DryMultiplier = 1, DryBreakers = [7] }, looping));
        Assert.Equal(5, Next(new SamplingOptions { Temperature = 0, DryMultiplier = 1, DryWindow = 4 }, looping));
    }

    [Fact]
    public void Sampling_allocates_nothing_in_the_steady_state()
    {
        var options = new SamplingOptions { TopP = 0.95f, TopK = 100, TypicalP = 0.9f, RepetitionPenalty = 1.1f, DryMultiplier = 1, Temperature = 0.8f };
        foreach (SamplingOptions tried in (SamplingOptions[])[options, new SamplingOptions(), options with { Order = SamplingOrder.LlamaCpp }])
        {
            var sampler = new Sampler(tried, 5000, [.. Enumerable.Range(0, 500).Select(i => i % 7)], EndTokens, 0);
            float[] logits = new float[5000];
            sampler.Sample(logits, 500);
            long least = long.MaxValue;
            for (int round = 0; round < 5; round++)
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                for (int i = 0; i < 20; i++)
                {
                    sampler.Sample(logits, 500 + i);
                }

                least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            }

            // A collection may empty the pool of arrays once in a while; not in every round.
            Assert.Equal(0, least);
        }
    }
}
