using System.Runtime.InteropServices;
using Tiercel.Engine.Kernels;
using Tiercel.Engine.KvCache;
using Tiercel.Engine.Models;

namespace Tiercel.Engine.Tests.Models;

/// <summary>Promise P2: a row's logits are the same bits alone, in any company, in any chunks, in any blocks, with any number of threads.</summary>
public class BatchInvarianceTests
{
    public static TheoryData<string, KvType> Cases
    {
        get
        {
            TheoryData<string, KvType> cases = [];
            foreach (string name in (string[])["qwen3", "gemma2", "gpt-oss", "type-q8_0", "type-q4_k", "olmo3-swa", "mistral3", "qwen3moe", "phi3-longrope", "type-q6_k", "type-f16"])
            {
                cases.Add(name, KvType.F16);
            }

            foreach (string name in (string[])["qwen3", "gemma2", "gpt-oss", "type-q8_0"])
            {
                cases.Add(name, KvType.Q8_0);
                cases.Add(name, KvType.F32);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void RandomStepsGiveTheBitsOfARunAlone(string name, KvType kvType)
    {
        GoldenModel golden = GoldenModel.Find(name);
        int[][] sequences = [golden.Sequences[0].Tokens, golden.Sequences[1].Tokens, golden.Sequences[1].Tokens[..33], golden.Sequences[1].Tokens[40..]];
        using LoadedModel alone = new(golden.Path, WeightPrecision.AsStored, kvType);
        float[][][] expected = [.. sequences.Select(tokens => alone.Run(tokens))];
        for (int threads = 1; threads <= 3; threads++)
        {
            using LoadedModel model = new(golden.Path, WeightPrecision.AsStored, kvType, threads);
            for (int largestChunk = 1; largestChunk <= 100; largestChunk = (largestChunk * 5) + 2)
            {
                RaggedRun run = new(model, seed: (threads * 1000) + largestChunk);
                foreach (int[] tokens in sequences)
                {
                    run.Add(tokens);
                }

                run.Finish(largestChunk);
                for (int i = 0; i < sequences.Length; i++)
                {
                    AssertSameBits(expected[i], run.Logits(i), $"{name} {kvType}, {threads} threads, chunks to {largestChunk}, sequence {i}");
                }
            }
        }
    }

    [Theory]
    [InlineData("qwen3")]
    [InlineData("qwen3-yarn")]
    [InlineData("gpt-oss")]
    public void LongSequencesGiveTheSameBitsHoweverTheirSegmentsAreShared(string name)
    {
        GoldenModel golden = GoldenModel.Find(name);
        Random random = new(5);
        int[] tokens = [.. Enumerable.Range(0, 1600).Select(_ => random.Next(golden.VocabularySize))];
        using LoadedModel alone = new(golden.Path, WeightPrecision.AsStored, KvType.F16, maxRows: 1600);
        float[][] expected = alone.Run(tokens);
        for (int threads = 1; threads <= 4; threads++)
        {
            using LoadedModel model = new(golden.Path, WeightPrecision.AsStored, KvType.F16, threads, maxRows: 1600);
            for (int start = 0; start < tokens.Length;)
            {
                // Mostly large chunks, and single rows around and behind the borders of segments (512 tokens).
                int rows = start % 512 is >= 508 or <= 4 || start > 1590 ? 1 : Math.Min(1 + random.Next(300), (start / 512 * 512) + 508 - start);
                rows = Math.Min(Math.Max(rows, 1), tokens.Length - start);
                float[][] actual = model.Run(tokens.AsSpan(start, rows), start);
                AssertSameBits(expected[start..(start + rows)], actual, $"{name}, {threads} threads, position {start}");
                start += rows;
            }
        }
    }

    [Theory]
    [InlineData("qwen3", KvType.F16)]
    [InlineData("gemma2", KvType.Q8_0)]
    [InlineData("gpt-oss", KvType.F16)]
    public void ASequenceReadsBlocksThatAnotherFillsInTheSameStep(string name, KvType kvType)
    {
        GoldenModel golden = GoldenModel.Find(name);
        int[] tokens = golden.Sequences[1].Tokens;
        using LoadedModel model = new(golden.Path, WeightPrecision.AsStored, kvType, threads: 2);
        float[][] expected = model.Run(tokens);

        StepBatch batch = new();
        batch.Tokens.AddRange(tokens);
        batch.Positions.AddRange(Enumerable.Range(0, tokens.Length));
        batch.Sequences.Add(new StepSequence(0, 64, 0, [10, 11]));
        batch.Sequences.Add(new StepSequence(64, tokens.Length - 64, 64, [10, 11, 12]));
        batch.Outputs.Add((tokens.Length - 1, StepOutputKind.Logits));
        model.Model.Forward(batch, model.Cache);
        AssertSameBits([expected[^1]], [model.Model.GetOutput(0).ToArray()], name);
    }

    [Theory]
    [InlineData(KvType.F16)]
    [InlineData(KvType.Q8_0)]
    [InlineData(KvType.F32)]
    public void ACopiedBlockContinuesLikeItsOriginal(KvType kvType)
    {
        GoldenModel golden = GoldenModel.Find("qwen3");
        int[] tokens = golden.Sequences[0].Tokens;
        using LoadedModel model = new(golden.Path, WeightPrecision.AsStored, kvType);
        float[] expected = model.Run(tokens)[^1];
        model.Run(tokens.AsSpan(..^1));
        model.Cache.CopyBlock(0, 7);

        StepBatch batch = new();
        batch.Tokens.Add(tokens[^1]);
        batch.Positions.Add(tokens.Length - 1);
        batch.Sequences.Add(new StepSequence(0, 1, tokens.Length - 1, [7]));
        batch.Outputs.Add((0, StepOutputKind.Logits));
        model.Model.Forward(batch, model.Cache);
        AssertSameBits([expected], [model.Model.GetOutput(0).ToArray()], kvType.ToString());
    }

    [Fact]
    public void TheHiddenStateOfARowDoesNotDependOnItsCompany()
    {
        GoldenModel golden = GoldenModel.Find("qwen3");
        int[] tokens = golden.Sequences[0].Tokens;
        using LoadedModel model = new(golden.Path, WeightPrecision.AsStored, KvType.F16);
        float[] alone = Hidden(model, tokens, [tokens.Length - 1])[0];
        float[][] together = Hidden(model, tokens, [.. Enumerable.Range(0, tokens.Length)]);
        AssertSameBits([alone], [together[^1]], "last row");
        Assert.Equal(model.Model.Spec.EmbeddingLength, alone.Length);
    }

    [Theory]
    [InlineData("qwen3")]
    [InlineData("gemma2")]
    [InlineData("type-q8_0")]
    public void AnEightBitCacheStaysNearAFloat32One(string name)
    {
        GoldenModel golden = GoldenModel.Find(name);
        using LoadedModel exact = new(golden.Path, WeightPrecision.Float32, KvType.F32);
        using LoadedModel rounded = new(golden.Path, WeightPrecision.Float32, KvType.Q8_0);
        LogitDifference difference = new();
        float[][] expected = exact.Run(golden.Sequences[1].Tokens);
        float[][] actual = rounded.Run(golden.Sequences[1].Tokens);
        for (int i = 0; i < expected.Length; i++)
        {
            difference.Add(actual[i], expected[i]);
        }

        // Logits have a standard deviation of 3 to 6; eight bits with a scale for 32 floats are off by a 250th of the largest at worst.
        Assert.InRange(difference.RootMeanSquare, 1e-6, 0.1);
    }

    private static float[][] Hidden(LoadedModel model, int[] tokens, int[] rows)
    {
        StepBatch batch = new();
        batch.Tokens.AddRange(tokens);
        batch.Positions.AddRange(Enumerable.Range(0, tokens.Length));
        batch.Sequences.Add(new StepSequence(0, tokens.Length, 0, [0]));
        batch.Outputs.AddRange(rows.Select(row => (row, StepOutputKind.Hidden)));
        model.Model.Forward(batch, model.Cache);
        return [.. Enumerable.Range(0, rows.Length).Select(i => model.Model.GetOutput(i).ToArray())];
    }

    private static void AssertSameBits(float[][] expected, float[]?[] actual, string what)
    {
        int compared = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            if (actual[i] is { } row)
            {
                Assert.True(MemoryMarshal.AsBytes<float>(expected[i]).SequenceEqual(MemoryMarshal.AsBytes<float>(row)), $"{what}: row {i} differs");
                compared++;
            }
        }

        Assert.True(compared > 0, $"{what}: nothing was compared");
    }
}
