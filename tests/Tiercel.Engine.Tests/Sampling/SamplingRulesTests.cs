using Tiercel.Engine.Sampling;

namespace Tiercel.Engine.Tests.Sampling;

public class SamplingRulesTests
{
    public static TheoryData<string, SamplingOptions> Wrong => new()
    {
        { "temperature", new() { Temperature = -0.1f } },
        { "temperature", new() { Temperature = float.NaN } },
        { "temperature", new() { Temperature = float.PositiveInfinity } },
        { "top_k", new() { TopK = -1 } },
        { "top_p", new() { TopP = 0 } },
        { "top_p", new() { TopP = 1.01f } },
        { "top_p", new() { TopP = float.NaN } },
        { "min_p", new() { MinP = -0.1f } },
        { "typical_p", new() { TypicalP = 0 } },
        { "repetition_penalty", new() { RepetitionPenalty = 0 } },
        { "presence_penalty", new() { PresencePenalty = 2.1f } },
        { "frequency_penalty", new() { FrequencyPenalty = float.NaN } },
        { "dry_multiplier", new() { DryMultiplier = -1 } },
        { "dry_base", new() { DryBase = 0.5f } },
        { "dry_allowed_length", new() { DryAllowedLength = 0 } },
        { "dry_window", new() { DryWindow = -1 } },
        { "dry_breakers", new() { DryBreakers = [100] } },
        { "logit_bias", new() { LogitBias = new Dictionary<int, float> { [100] = 0 } } },
        { "logit_bias", new() { LogitBias = new Dictionary<int, float> { [0] = 101 } } },
        { "top_logprobs", new() { Logprobs = 21 } },
        { "min_tokens", new() { MinTokens = -1 } },
        { "stop_token_ids", new() { StopTokens = [-1] } },
        { "stop_token_ids", new() { StopTokens = new int[257] } },
        { "sampling_order", new() { Order = (SamplingOrder)7 } },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_value_out_of_range_is_refused_by_name(string name, SamplingOptions options)
    {
        EngineError? error = Sampler.Validate(options, 100);
        Assert.NotNull(error);
        Assert.Equal(EngineErrorKind.InvalidRequest, error.Kind);
        Assert.Equal(name, error.Parameter);
        Assert.StartsWith(name, error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new Sampler(options, 100, [0], new HashSet<int>(), 0));
    }

    [Fact]
    public void Values_at_the_ends_of_the_ranges_are_accepted()
    {
        Assert.Null(Sampler.Validate(new SamplingOptions(), 100));
        Assert.Null(Sampler.Validate(
            new SamplingOptions
            {
                Temperature = 100,
                TopP = 1e-30f,
                MinP = 1,
                TypicalP = 1e-30f,
                PresencePenalty = -2,
                FrequencyPenalty = 2,
                Logprobs = 20,
                LogitBias = new Dictionary<int, float> { [99] = -100 },
                StopTokens = [99],
            },
            100));
    }
}
