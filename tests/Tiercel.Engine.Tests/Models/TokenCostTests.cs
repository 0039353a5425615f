using Tiercel.Engine.Formats;
using Tiercel.Engine.KvCache;
using Tiercel.Engine.Models;

namespace Tiercel.Engine.Tests.Models;

/// <summary>What a token costs, beside sums made by hand: two layers of width 32, two key/value heads of 8, a feed-forward width of 64, all in float32.</summary>
public class TokenCostTests
{
    private const int AttentionElements = (2 * 32 * 32) + (2 * 32 * 16);
    private const int FeedForwardElements = 3 * 32 * 64;
    private const int TableElements = 100 * 32;

    /// <summary>Float16 keys and values of one position: two layers of two heads.</summary>
    private const int PositionBytes = 2 * 2 * (8 + 8) * 2;

    [Fact]
    public void A_decoded_token_reads_every_matrix_and_the_keys_and_values_before_it()
    {
        TokenCost cost = new SmallModel().ReadCost(KvType.F16);
        int elements = (2 * (AttentionElements + FeedForwardElements)) + TableElements;
        Assert.Equal(elements * sizeof(float), cost.DecodeBytes(0));
        Assert.Equal((elements * sizeof(float)) + (10 * PositionBytes), cost.DecodeBytes(10));
        Assert.Equal(2 * 2 * (AttentionElements + FeedForwardElements), cost.PromptOperations);
    }

    [Fact]
    public void With_an_output_table_of_its_own_the_other_table_gives_one_row_only()
    {
        TokenCost tied = new SmallModel().ReadCost(KvType.F16);
        TokenCost own = new SmallModel().Tensor("output.weight", 32, 100).ReadCost(KvType.F16);
        Assert.Equal(tied.DecodeBytes(0), own.DecodeBytes(0));
        Assert.Equal(tied.PromptOperations, own.PromptOperations);
    }

    [Fact]
    public void Of_the_experts_only_those_used_are_read()
    {
        SmallModel model = new SmallModel().Key("llama.expert_count", 4u).Key("llama.expert_used_count", 2u);
        for (int layer = 0; layer < 2; layer++)
        {
            model.Tensor($"blk.{layer}.ffn_gate.weight").Tensor($"blk.{layer}.ffn_up.weight").Tensor($"blk.{layer}.ffn_down.weight")
                .Tensor($"blk.{layer}.ffn_gate_inp.weight", 32, 4)
                .Tensor($"blk.{layer}.ffn_gate_exps.weight", 32, 64, 4)
                .Tensor($"blk.{layer}.ffn_up_exps.weight", 32, 64, 4)
                .Tensor($"blk.{layer}.ffn_down_exps.weight", 64, 32, 4);
        }

        int elements = 2 * (AttentionElements + (32 * 4) + (2 * FeedForwardElements));
        TokenCost cost = model.ReadCost(KvType.F16);
        Assert.Equal(2 * elements, cost.PromptOperations);
        Assert.Equal((elements + TableElements) * sizeof(float), cost.DecodeBytes(0));
    }

    [Fact]
    public void A_layer_with_a_window_reads_no_more_than_the_window()
    {
        // In this family every other layer has one.
        TokenCost cost = GoldenModelCost("gemma2");
        double late = cost.DecodeBytes(1_000_001) - cost.DecodeBytes(1_000_000);
        double early = cost.DecodeBytes(1) - cost.DecodeBytes(0);
        Assert.Equal(early / 2, late);
    }

    private static TokenCost GoldenModelCost(string name)
    {
        using GgufFile file = GgufFile.Open(GoldenModel.Find(name).Path);
        return TokenCost.Of(file, ModelSpec.Read(file), KvType.F16);
    }
}
