using System.Runtime.InteropServices;
using System.Text.Json;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Models;

/// <summary>One tiny random model and what llama.cpp computes for it; the format is that of golden/README.md.</summary>
internal sealed class GoldenModel
{
    public static readonly string[] Families =
    [
        "llama-spm", "llama3-ropefreqs", "llama-linear-rope", "mixtral", "qwen2", "qwen3", "qwen3-yarn", "qwen3moe", "gemma2", "gemma3", "phi3",
        "phi3-longrope", "granite", "olmo2", "olmo3-swa", "smollm3", "gpt-oss", "mistral3",
    ];

    public static readonly string[] WeightTypes =
    [
        "type-f32", "type-f16", "type-bf16", "type-q4_0", "type-q4_1", "type-q5_0", "type-q5_1", "type-q8_0", "type-q2_k", "type-q3_k", "type-q4_k",
        "type-q5_k", "type-q6_k", "type-iq4_nl", "type-iq4_xs", "type-mxfp4", "type-q4_k_m",
    ];

    private GoldenModel(string folder, JsonElement entry)
    {
        Name = entry.GetProperty("name").GetString()!;
        Path = System.IO.Path.Combine(folder, entry.GetProperty("file").GetString()!);
        VocabularySize = entry.GetProperty("n_vocab").GetInt32();
        byte[] logits = File.ReadAllBytes(System.IO.Path.Combine(folder, entry.GetProperty("bin").GetString()!));
        Sequences = [.. entry.GetProperty("sequences").EnumerateArray().Select(sequence => new GoldenSequence(sequence, logits, VocabularySize))];
    }

    public string Name { get; }

    public string Path { get; }

    public int VocabularySize { get; }

    public IReadOnlyList<GoldenSequence> Sequences { get; }

    /// <summary>Finds a model in the repository's small selection or in the large test data; skips the test where neither has it.</summary>
    public static GoldenModel Find(string name)
    {
        string small = TestFiles.Data("golden");
        GoldenModel? found = Search(small, name);
        return found ?? Search(TestFiles.Shared("golden"), name) ?? throw new InvalidOperationException($"no golden model '{name}'");
    }

    private static GoldenModel? Search(string folder, string name)
    {
        string index = System.IO.Path.Combine(folder, "index.json");
        if (!File.Exists(index))
        {
            return null;
        }

        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(index));
        foreach (JsonElement entry in document.RootElement.GetProperty("models").EnumerateArray())
        {
            if (entry.GetProperty("name").GetString() == name)
            {
                return new GoldenModel(folder, entry);
            }
        }

        return null;
    }
}

/// <summary>One token sequence of a golden model.</summary>
internal sealed class GoldenSequence
{
    private readonly float[] _exact;
    private readonly int _vocabularySize;

    public GoldenSequence(JsonElement entry, byte[] logits, int vocabularySize)
    {
        Name = entry.GetProperty("name").GetString()!;
        Tokens = Integers(entry.GetProperty("tokens"));
        Positions = Integers(entry.GetProperty("positions"));
        Greedy = Integers(entry.GetProperty("greedy"));
        GreedyMargin = [.. entry.GetProperty("greedy_margin").EnumerateArray().Select(margin => margin.GetDouble())];
        JsonElement seen = entry.GetProperty("diff_from_exact").GetProperty("default");
        DefaultRms = seen.GetProperty("rms").GetDouble();
        DefaultLargest = seen.GetProperty("max_abs").GetDouble();
        _vocabularySize = vocabularySize;
        int offset = entry.GetProperty("offset").GetProperty("exact").GetInt32();
        _exact = MemoryMarshal.Cast<byte, float>(logits.AsSpan(offset, Positions.Length * vocabularySize * sizeof(float))).ToArray();
    }

    public string Name { get; }

    public int[] Tokens { get; }

    /// <summary>Positions whose logits are stored.</summary>
    public int[] Positions { get; }

    public int[] Greedy { get; }

    public double[] GreedyMargin { get; }

    /// <summary>Root mean square difference from the exact logits that llama.cpp has when it runs the file as it is.</summary>
    public double DefaultRms { get; }

    public double DefaultLargest { get; }

    /// <summary>[vocabulary] of the i-th stored position.</summary>
    public ReadOnlySpan<float> Exact(int i) => _exact.AsSpan(i * _vocabularySize, _vocabularySize);

    private static int[] Integers(JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetInt32())];
}
