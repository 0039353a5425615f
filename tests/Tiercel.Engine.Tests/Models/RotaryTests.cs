using Tiercel.Engine.Models;

namespace Tiercel.Engine.Tests.Models;

/// <summary>Choices of the position encoding that the golden models do not reach.</summary>
public class RotaryTests
{
    [Theory]
    [InlineData(64, "rope_factors_short.weight")]
    [InlineData(65, "rope_factors_long.weight")]
    [InlineData(null, "rope_factors_long.weight")]
    public void LongRopeChoosesItsFactorsByTheConfiguredContext(int? context, string expected)
    {
        SmallModel model = new SmallModel().Key("general.architecture", "phi3")
            .Tensor("rope_factors_long.weight", 4)
            .Tensor("rope_factors_short.weight", 4);
        foreach ((string key, object value) in (ReadOnlySpan<(string, object)>)
        [
            ("context_length", 128u), ("embedding_length", 32u), ("block_count", 2u), ("feed_forward_length", 64u), ("attention.head_count", 4u),
            ("rope.scaling.original_context_length", 64u),
        ])
        {
            model.Key($"phi3.{key}", value);
        }

        Assert.Equal(expected, model.ReadSpec(context).Rotaries[0].FactorsTensor);
    }

    [Fact]
    public void AFactorWithoutATypeIsLinearAndNoneIsNone()
    {
        Assert.Equal(0.25f, new SmallModel().Key("llama.rope.scaling.factor", 4f).ReadSpec().Rotaries[0].FrequencyScale);
        Assert.Equal(0.5f, new SmallModel().Key("llama.rope.scale_linear", 2f).ReadSpec().Rotaries[0].FrequencyScale);
        Assert.Equal(1f, new SmallModel().Key("llama.rope.scaling.factor", 4f).Key("llama.rope.scaling.type", "none").ReadSpec().Rotaries[0].FrequencyScale);
    }

    [Fact]
    public void AnglesAreExactFarOut()
    {
        RotaryTable table = new(new RotarySpec { FrequencyBase = 10000 }, 4, null);
        float[] angles = new float[4];
        table.Fill(1_000_003, angles);
        Assert.Equal(Math.Cos(1_000_003), angles[0], 1e-6);
        Assert.Equal(Math.Cos(10_000.03), angles[1], 1e-6);
        Assert.Equal(Math.Sin(1_000_003), angles[2], 1e-6);
        Assert.Equal(Math.Sin(10_000.03), angles[3], 1e-6);
    }

    [Fact]
    public void TheWindowPatternMayBeListed()
    {
        SmallModel model = new SmallModel().Key("general.architecture", "gemma2").Key("gemma2.attention.sliding_window", 16u)
            .Key("gemma2.attention.sliding_window_pattern", new[] { false, true });
        foreach ((string key, object value) in (ReadOnlySpan<(string, object)>)
        [
            ("context_length", 128u), ("embedding_length", 32u), ("block_count", 2u), ("feed_forward_length", 64u), ("attention.head_count", 4u),
        ])
        {
            model.Key($"gemma2.{key}", value);
        }

        Assert.Equal([0, 16], model.ReadSpec().Layers.Select(layer => layer.Window));
        Assert.Equal([16, 0], model.Key("gemma2.attention.sliding_window_pattern", null).ReadSpec().Layers.Select(layer => layer.Window));
    }
}
