namespace Tiercel.Engine.Models.Families;

/// <summary>
/// Phi 3 and 4-mini: fused matrices and long-rope, whose factors are chosen by the context that will be configured. The window that its files name is not
/// applied, as llama.cpp does not apply it either; it is nearly the whole context.
/// </summary>
internal static class PhiFamily
{
    public static ModelSpec Map(ModelSpec common, ModelKeys keys)
    {
        RotarySpec rotary = common.Rotaries[0];
        int context = keys.ConfiguredContextLength ?? common.TrainedContextLength;
        string factors = context > rotary.OriginalContextLength ? "rope_factors_long.weight" : "rope_factors_short.weight";
        return common with
        {
            RotaryOrder = RotaryOrder.Halves,
            FusedQueryKeyValue = keys.HasTensor("blk.0.attn_qkv.weight"),
            FusedGateUp = true,
            Rotaries = [rotary with { FactorsTensor = keys.HasTensor(factors) ? factors : rotary.FactorsTensor }],
        };
    }
}
