using System.Text.Json;
using Tiercel.Engine.Kernels;
using Tiercel.Engine.KvCache;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Models;

/// <summary>Every family and weight type against the logits of llama.cpp; limits are those of golden/README.md.</summary>
public class GoldenLogitsTests(ITestOutputHelper log)
{
    public static TheoryData<string> All => [.. GoldenModel.Families, .. GoldenModel.WeightTypes];

    [Theory]
    [MemberData(nameof(All))]
    public void ExpandedWeightsGiveTheExactLogits(string name)
    {
        GoldenModel golden = GoldenModel.Find(name);
        using LoadedModel model = new(golden.Path, WeightPrecision.Float32, KvType.F32);

        // llama.cpp takes gemma's GELU from a float16 table; here it is computed.
        double limit = name.StartsWith("gemma", StringComparison.Ordinal) ? 0.03 : 0.001;
        foreach (GoldenSequence sequence in golden.Sequences)
        {
            LogitDifference difference = Compare(model, sequence);
            log.WriteLine($"{name,-18} {sequence.Name} exact    max {difference.Largest:F6} rms {difference.RootMeanSquare:F6}");
            Assert.True(difference.Largest <= limit, $"{name} {sequence.Name}: largest difference {difference.Largest}, limit {limit}");
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void StoredWeightsAreNoWorseThanTheReferencesOwnRounding(string name)
    {
        GoldenModel golden = GoldenModel.Find(name);
        using LoadedModel model = new(golden.Path, WeightPrecision.AsStored, KvType.F16);
        bool isFloat = model.HasFloatWeightsOnly;
        bool hasExperts = model.Model.Spec.Experts is not null;
        foreach (GoldenSequence sequence in golden.Sequences)
        {
            LogitDifference difference = Compare(model, sequence);
            double rmsLimit = isFloat ? 0.02 : 1.5 * sequence.DefaultRms;
            log.WriteLine($"{name,-18} {sequence.Name} as stored max {difference.Largest:F6} rms {difference.RootMeanSquare:F6} (reference {sequence.DefaultRms:F6})");

            // A near tie of the router sends a row to another expert after the slightest rounding, and that row is then far off: medians hold there.
            double rms = hasExperts ? difference.MedianRow : difference.RootMeanSquare;
            Assert.True(rms <= rmsLimit, $"{name} {sequence.Name}: rms difference {rms}, limit {rmsLimit}");
            Assert.True(!isFloat || hasExperts || difference.Largest <= 0.25, $"{name} {sequence.Name}: largest difference {difference.Largest}, limit 0.25");
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void GreedyContinuationsAreEqualWhereTheLeadIsLargerThanTheError(string name)
    {
        GoldenModel golden = GoldenModel.Find(name);
        using LoadedModel model = new(golden.Path, WeightPrecision.AsStored, KvType.F16);
        foreach (GoldenSequence sequence in golden.Sequences)
        {
            double error = Math.Max(0.25, 1.5 * sequence.DefaultLargest);
            float[] logits = model.Run(sequence.Tokens)[^1];
            for (int step = 0; step < sequence.Greedy.Length && sequence.GreedyMargin[step] > 2 * error; step++)
            {
                int best = IndexOfLargest(logits);
                Assert.Equal(sequence.Greedy[step], best);
                logits = model.Run([best], sequence.Tokens.Length + step)[0];
            }
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void GreedyContinuationsOfExpandedWeightsAreEqual(string name)
    {
        GoldenModel golden = GoldenModel.Find(name);
        using LoadedModel model = new(golden.Path, WeightPrecision.Float32, KvType.F32);
        double error = name.StartsWith("gemma", StringComparison.Ordinal) ? 0.03 : 0.001;
        foreach (GoldenSequence sequence in golden.Sequences)
        {
            float[] logits = model.Run(sequence.Tokens)[^1];
            for (int step = 0; step < sequence.Greedy.Length && sequence.GreedyMargin[step] > 2 * error; step++)
            {
                int best = IndexOfLargest(logits);
                Assert.Equal(sequence.Greedy[step], best);
                logits = model.Run([best], sequence.Tokens.Length + step)[0];
            }
        }
    }

    /// <summary>A model that is added to the reference is compared, or this fails.</summary>
    [Fact]
    public void NoModelOfTheReferenceIsLeftOut()
    {
        using JsonDocument index = JsonDocument.Parse(File.ReadAllBytes(TestFiles.Shared("golden", "index.json")));
        string[] there = [.. index.RootElement.GetProperty("models").EnumerateArray().Select(model => model.GetProperty("name").GetString()!)];
        Assert.Equal(there.Order(StringComparer.Ordinal), GoldenModel.Families.Concat(GoldenModel.WeightTypes).Order(StringComparer.Ordinal));
    }

    internal static int IndexOfLargest(ReadOnlySpan<float> values)
    {
        int best = 0;
        for (int i = 1; i < values.Length; i++)
        {
            best = values[i] > values[best] ? i : best;
        }

        return best;
    }

    private static LogitDifference Compare(LoadedModel model, GoldenSequence sequence)
    {
        float[][] logits = model.Run(sequence.Tokens);
        LogitDifference difference = new();
        for (int i = 0; i < sequence.Positions.Length; i++)
        {
            difference.Add(logits[sequence.Positions[i]], sequence.Exact(i));
        }

        return difference;
    }
}
