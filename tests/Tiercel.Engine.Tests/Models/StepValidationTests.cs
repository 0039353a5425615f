using Tiercel.Engine.Kernels;
using Tiercel.Engine.KvCache;
using Tiercel.Engine.Models;

namespace Tiercel.Engine.Tests.Models;

/// <summary>A step that contradicts itself is refused before it can touch the cache of others.</summary>
public class StepValidationTests
{
    [Fact]
    public void WrongStepsAreRefusedAndNamed()
    {
        using LoadedModel model = new(GoldenModel.Find("qwen3").Path, WeightPrecision.AsStored, KvType.F16, blocks: 4, maxRows: 40);
        Refused(model, batch => batch.Tokens[1] = 512, "token 512");
        Refused(model, batch => batch.Tokens[1] = -1, "token -1");
        Refused(model, batch => batch.Positions[2] = 7, "row 2 has position 7");
        Refused(model, batch => batch.Positions.RemoveAt(0), "positions");
        Refused(model, batch => batch.Clear(), "0 rows");
        Refused(model, batch => batch.Sequences[0] = batch.Sequences[0] with { Blocks = [] }, "0 cache blocks for 3 positions");
        Refused(model, batch => batch.Sequences[0] = batch.Sequences[0] with { Blocks = [4] }, "cache block 4 of 4");
        Refused(model, batch => batch.Sequences[0] = batch.Sequences[0] with { Blocks = [-1] }, "cache block -1 of 4");
        Refused(model, batch => batch.Sequences[0] = batch.Sequences[0] with { RowCount = 2 }, "cover 2 of 3 rows");
        Refused(model, batch => batch.Sequences[0] = batch.Sequences[0] with { RowCount = 4 }, "a sequence of 4 rows");
        Refused(model, batch => batch.Sequences[0] = batch.Sequences[0] with { FirstRow = 1 }, "starts at row 1");
        Refused(model, batch => batch.Sequences[0] = batch.Sequences[0] with { Start = -1 }, "position -1");
        Refused(model, batch => batch.Outputs.Add((3, StepOutputKind.Logits)), "output row 3");
        Refused(model, batch => batch.Outputs.Add((1, StepOutputKind.Logits)), "output row 1 after row 2");
        Refused(
            model,
            batch =>
            {
                batch.Clear();
                batch.Tokens.AddRange(new int[41]);
            },
            "41 rows");
    }

    [Fact]
    public void ACacheOfAnotherModelIsRefused()
    {
        using LoadedModel model = new(GoldenModel.Find("qwen3").Path, WeightPrecision.AsStored, KvType.F16);
        using KvStorage other = new(new KvLayout(KvType.F16, 2, 2, 16, 32), 4);
        Assert.Contains("another model", Assert.Throws<ArgumentException>(() => model.Model.Forward(Batch(), other)).Message);
        Assert.Contains("needs a cache", Assert.Throws<ArgumentException>(() => model.Model.Forward(Batch(), null)).Message);
    }

    private static StepBatch Batch()
    {
        StepBatch batch = new();
        batch.Tokens.AddRange([1, 2, 3]);
        batch.Positions.AddRange([0, 1, 2]);
        batch.Sequences.Add(new StepSequence(0, 3, 0, [1]));
        batch.Outputs.Add((2, StepOutputKind.Logits));
        return batch;
    }

    private static void Refused(LoadedModel model, Action<StepBatch> spoil, string expected)
    {
        StepBatch batch = Batch();
        model.Model.Forward(batch, model.Cache);
        spoil(batch);
        Assert.Contains(expected, Assert.Throws<ArgumentException>(() => model.Model.Forward(batch, model.Cache)).Message);
    }
}
