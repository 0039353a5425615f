using System.Text.Json;
using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels;
using Tiercel.Engine.KvCache;
using Tiercel.Engine.Models;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Models;

/// <summary>Weights that others trained; what is expected is in golden.json beside them.</summary>
public class RealModelTests(ITestOutputHelper log)
{
    private const int ChunkRows = 128;

    /// <summary>Tokens above which a prompt is not run in float32 as well: it would take minutes.</summary>
    private const int LongPrompt = 512;

    [Fact]
    public void SmolLm2IsNoWorseThanTheReferencesOwnRoundingAndContinuesAlike()
    {
        string path = TestFiles.Shared("models", "real", "smollm2-135m-instruct-q4_1.gguf");
        using JsonDocument golden = Golden();
        using LoadedModel exact = new(path, WeightPrecision.Float32, KvType.F32, threads: 2, contextLength: 4096, blocks: 80, maxRows: ChunkRows);
        using LoadedModel stored = new(path, WeightPrecision.AsStored, KvType.F16, threads: 2, contextLength: 4096, blocks: 80, maxRows: ChunkRows);
        double squares = 0, referenceSquares = 0;
        int compared = 0, steps = 0;
        foreach (JsonProperty conversation in golden.RootElement.GetProperty("smollm2").EnumerateObject())
        {
            if (conversation.Value.GetProperty("tokens").GetArrayLength() > LongPrompt)
            {
                continue;
            }

            PromptResult result = RunPrompt(exact, stored, Integers(conversation.Value.GetProperty("tokens")));
            double reference = conversation.Value.GetProperty("default_diff_rms").GetDouble();
            log.WriteLine($"{conversation.Name,-10} rms {result.Difference.RootMeanSquare:F4} (reference {reference:F4}) nll {result.ExactLoss:F4} {result.StoredLoss:F4}");
            foreach (JsonElement top in conversation.Value.GetProperty("last_top20").EnumerateArray())
            {
                Assert.Equal(top[1].GetDouble(), result.Last[top[0].GetInt32()], 0.01);
            }

            Assert.Equal(conversation.Value.GetProperty("mean_nll_exact").GetDouble(), result.ExactLoss, 0.002);
            Assert.Equal(result.ExactLoss, result.StoredLoss, 0.1);
            squares += result.Difference.RootMeanSquare * result.Difference.RootMeanSquare * result.TokenCount;
            referenceSquares += reference * reference * result.TokenCount;
            compared += result.TokenCount;
            steps += ContinueAlike(exact, conversation.Value, result);
        }

        double pooled = Math.Sqrt(squares / compared);
        double referencePooled = Math.Sqrt(referenceSquares / compared);
        log.WriteLine($"pooled rms {pooled:F4}, reference {referencePooled:F4}; {steps} greedy tokens");
        Assert.True(pooled <= 1.1 * referencePooled, $"pooled rms difference {pooled}; the reference's own is {referencePooled}");
        Assert.True(steps > 60, $"only {steps} greedy tokens were compared");
    }

    [Fact]
    public void SmolLm2ReadsALongPromptAsTheReference()
    {
        string path = TestFiles.Shared("models", "real", "smollm2-135m-instruct-q4_1.gguf");
        using JsonDocument golden = Golden();
        JsonElement conversation = golden.RootElement.GetProperty("smollm2").GetProperty("long");
        int[] tokens = Integers(conversation.GetProperty("tokens"));
        Assert.True(tokens.Length > 2000, "the prompt is not long");
        using LoadedModel model = new(path, WeightPrecision.AsStored, KvType.F16, threads: 2, contextLength: 4096, blocks: 80, maxRows: ChunkRows);
        double loss = 0;
        float[] last = [];
        for (int start = 0; start < tokens.Length; start += ChunkRows)
        {
            float[][] logits = model.Run(tokens.AsSpan(start, Math.Min(ChunkRows, tokens.Length - start)), start);
            loss += logits.Take(tokens.Length - start - 1).Select((row, i) => Loss(row, tokens[start + i + 1])).Sum();
            last = logits[^1];
        }

        double reference = conversation.GetProperty("default_diff_rms").GetDouble();
        double rms = Math.Sqrt(conversation.GetProperty("last_top20").EnumerateArray().Average(top => Math.Pow(top[1].GetDouble() - last[top[0].GetInt32()], 2)));
        log.WriteLine($"{tokens.Length} tokens: nll {loss / (tokens.Length - 1):F4}, rms of the last row's best {rms:F4}");
        Assert.Equal(conversation.GetProperty("mean_nll_exact").GetDouble(), loss / (tokens.Length - 1), 0.05);
        Assert.True(rms <= 3 * reference, $"the last row's best twenty are off by {rms}; the reference's own difference over all is {reference}");
    }

    [Fact]
    public void MiniLmEmbedsAsTheReference()
    {
        string path = TestFiles.Shared("models", "real", "all-minilm-l6-v2-f16.gguf");
        using JsonDocument golden = Golden();
        using GgufFile file = GgufFile.Open(path);
        using ThreadTeam team = new(2);
        using TransformerModel model = TransformerModel.Load(file, new ModelLoadOptions(), team);
        JsonElement[] sentences = [.. golden.RootElement.GetProperty("minilm").EnumerateArray()];

        // All sentences in one step: texts must not see each other.
        StepBatch batch = new();
        foreach (JsonElement sentence in sentences)
        {
            int[] tokens = Integers(sentence.GetProperty("tokens"));
            batch.Sequences.Add(new StepSequence(batch.Tokens.Count, tokens.Length, 0, []));
            for (int i = 0; i < tokens.Length; i++)
            {
                batch.Outputs.Add((batch.Tokens.Count, StepOutputKind.Hidden));
                batch.Positions.Add(i);
                batch.Tokens.Add(tokens[i]);
            }
        }

        Assert.Equal(PoolingKind.Mean, model.Spec.Pooling);
        model.Forward(batch, null);
        for (int index = 0; index < sentences.Length; index++)
        {
            StepSequence sequence = batch.Sequences[index];
            EmbeddingPooling pool = new(model.Spec.EmbeddingLength);
            for (int row = 0; row < sequence.RowCount; row++)
            {
                pool.Add(model.GetOutput(sequence.FirstRow + row));
            }

            float[] embedding = pool.Finish();
            double cosine = sentences[index].GetProperty("embedding").EnumerateArray().Select((value, i) => value.GetDouble() * embedding[i]).Sum();
            log.WriteLine($"cosine {cosine:F7}");
            Assert.True(cosine >= 0.9999, $"sentence {index}: cosine {cosine}");
        }

        float[] together = model.GetOutput(batch.Sequences[^1].FirstRow).ToArray();
        Assert.Equal(together, FirstHidden(model, Integers(sentences[^1].GetProperty("tokens"))));
    }

    [Fact]
    public void TiercelTinyContinuesAsTheReference()
    {
        string models = Path.Combine(TestFiles.RepositoryRoot, "models");
        string path = Path.Combine(models, "tiercel-tiny-q8_0.gguf");
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(models, "tiercel-tiny", "golden.json")));
        using LoadedModel model = new(path, WeightPrecision.AsStored, KvType.F16, contextLength: 2048);
        int compared = 0;
        foreach (JsonElement entry in golden.RootElement.GetProperty("cases").EnumerateArray())
        {
            int[] prompt = Integers(entry.GetProperty("ids"));
            int[] expected = Integers(entry.GetProperty("output_ids"));
            double[] margins = [.. entry.GetProperty("margins").EnumerateArray().Select(margin => margin.GetDouble())];
            float[] logits = model.Run(prompt)[^1];

            // Margins are those of unquantised weights in float32; Q8_0 weights and 8-bit activations move a logit by a few tenths.
            for (int step = 0; step < expected.Length && margins[step] > 0.7; step++)
            {
                int best = GoldenLogitsTests.IndexOfLargest(logits);
                Assert.True(expected[step] == best, $"{entry.GetProperty("text")} step {step}: {best} instead of {expected[step]} (margin {margins[step]})");
                compared++;
                logits = model.Run([best], prompt.Length + step)[0];
            }
        }

        Assert.True(compared > 400, $"only {compared} tokens were compared");
    }

    /// <summary>Hidden state of the first token of a text that is alone in its step.</summary>
    private static float[] FirstHidden(TransformerModel model, int[] tokens)
    {
        StepBatch batch = new();
        batch.Tokens.AddRange(tokens);
        batch.Positions.AddRange(Enumerable.Range(0, tokens.Length));
        batch.Sequences.Add(new StepSequence(0, tokens.Length, 0, []));
        batch.Outputs.Add((0, StepOutputKind.Hidden));
        model.Forward(batch, null);
        return model.GetOutput(0).ToArray();
    }

    private static JsonDocument Golden() => JsonDocument.Parse(File.ReadAllBytes(TestFiles.Shared("models", "real", "golden.json")));

    private static int[] Integers(JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetInt32())];

    /// <summary>Runs a prompt through both models in chunks, so that the logits of a long one never lie in memory together.</summary>
    private static PromptResult RunPrompt(LoadedModel exact, LoadedModel stored, int[] tokens)
    {
        LogitDifference difference = new();
        double exactLoss = 0, storedLoss = 0;
        float[] last = [];
        for (int start = 0; start < tokens.Length; start += ChunkRows)
        {
            int[] chunk = tokens[start..Math.Min(tokens.Length, start + ChunkRows)];
            float[][] expected = exact.Run(chunk, start);
            float[][] actual = stored.Run(chunk, start);
            for (int i = 0; i < chunk.Length; i++)
            {
                difference.Add(actual[i], expected[i]);
                if (start + i + 1 < tokens.Length)
                {
                    exactLoss += Loss(expected[i], tokens[start + i + 1]);
                    storedLoss += Loss(actual[i], tokens[start + i + 1]);
                }
            }

            last = expected[^1];
        }

        return new PromptResult(tokens.Length, difference, last, exactLoss / (tokens.Length - 1), storedLoss / (tokens.Length - 1));
    }

    /// <summary>Compares greedy tokens while their lead is clear; returns how many.</summary>
    private static int ContinueAlike(LoadedModel model, JsonElement conversation, PromptResult prompt)
    {
        int[] greedy = Integers(conversation.GetProperty("greedy_exact"));
        double[] margins = [.. conversation.GetProperty("greedy_exact_margin").EnumerateArray().Select(margin => margin.GetDouble())];
        float[] logits = prompt.Last;
        int step = 0;
        for (; step < 16 && margins[step] > 0.02; step++)
        {
            Assert.Equal(greedy[step], GoldenLogitsTests.IndexOfLargest(logits));
            logits = model.Run([greedy[step]], prompt.TokenCount + step)[0];
        }

        return step;
    }

    /// <summary>-ln of the probability of a token, in nats.</summary>
    private static double Loss(float[] logits, int token)
    {
        double largest = logits.Max();
        return Math.Log(logits.Sum(logit => Math.Exp(logit - largest))) + largest - logits[token];
    }

    private sealed record PromptResult(int TokenCount, LogitDifference Difference, float[] Last, double ExactLoss, double StoredLoss);
}
