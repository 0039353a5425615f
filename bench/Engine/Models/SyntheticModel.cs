using System.Globalization;
using Tiercel.Engine.Formats;
using Tiercel.Testing;

namespace Tiercel.Bench.Engine.Models;

/// <summary>Writes a model of a real shape with random weights, and a vocabulary of the right size, so that any engine loads it.</summary>
internal static class SyntheticModel
{
    /// <summary>The file of a shape and mix in a folder; made when it is not there yet.</summary>
    public static string Find(ModelShape shape, string mix, string folder)
    {
        string path = Path.Combine(folder, $"{shape.Name}-{mix}.gguf");
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(folder);
            string unfinished = path + ".part";
            Write(shape, mix, unfinished);
            File.Move(unfinished, path);
        }

        return path;
    }

    private static void Write(ModelShape shape, string mix, string path)
    {
        GgufWriter writer = new();
        AddMetadata(writer, shape, mix);
        RandomWeights weights = new(seed: 1);
        void Matrix(string name, string kind, int inputs, int outputs, int layer)
        {
            TensorType type = WeightMix.Of(mix, kind, layer, shape.Layers);
            writer.AddTensor(name, type, [inputs, outputs], stream => weights.Write(stream, type, inputs, outputs));
        }

        void Norm(string name, int length)
        {
            byte[] ones = new byte[length * sizeof(float)];
            System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(ones.AsSpan()).Fill(1);
            writer.AddTensor(name, TensorType.F32, [length], ones);
        }

        Matrix("token_embd.weight", "token_embd", shape.Width, shape.Vocabulary, 0);
        Norm("output_norm.weight", shape.Width);
        for (int layer = 0; layer < shape.Layers; layer++)
        {
            string prefix = string.Create(CultureInfo.InvariantCulture, $"blk.{layer}.");
            Norm(prefix + "attn_norm.weight", shape.Width);
            Norm(prefix + "ffn_norm.weight", shape.Width);
            if (shape.HasHeadNorms)
            {
                Norm(prefix + "attn_q_norm.weight", shape.HeadLength);
                Norm(prefix + "attn_k_norm.weight", shape.HeadLength);
            }

            foreach ((string kind, int inputs, int outputs) in (ReadOnlySpan<(string, int, int)>)
            [
                ("attn_q", shape.Width, shape.Heads * shape.HeadLength), ("attn_k", shape.Width, shape.KvHeads * shape.HeadLength),
                ("attn_v", shape.Width, shape.KvHeads * shape.HeadLength), ("attn_output", shape.Heads * shape.HeadLength, shape.Width),
                ("ffn_gate", shape.Width, shape.FeedForward), ("ffn_up", shape.Width, shape.FeedForward), ("ffn_down", shape.FeedForward, shape.Width),
            ])
            {
                Matrix($"{prefix}{kind}.weight", kind, inputs, outputs, layer);
            }
        }

        writer.Save(path);
    }

    private static void AddMetadata(GgufWriter writer, ModelShape shape, string mix)
    {
        string prefix = shape.Architecture;
        writer.Add("general.architecture", shape.Architecture).Add("general.name", $"{shape.Name} {mix}, random weights")
            .Add("general.quantization_version", 2u)
            .Add($"{prefix}.block_count", (uint)shape.Layers).Add($"{prefix}.context_length", 32_768u)
            .Add($"{prefix}.embedding_length", (uint)shape.Width).Add($"{prefix}.feed_forward_length", (uint)shape.FeedForward)
            .Add($"{prefix}.attention.head_count", (uint)shape.Heads).Add($"{prefix}.attention.head_count_kv", (uint)shape.KvHeads)
            .Add($"{prefix}.attention.key_length", (uint)shape.HeadLength).Add($"{prefix}.attention.value_length", (uint)shape.HeadLength)
            .Add($"{prefix}.attention.layer_norm_rms_epsilon", shape.Epsilon).Add($"{prefix}.rope.freq_base", shape.RopeBase)
            .Add($"{prefix}.rope.dimension_count", (uint)shape.HeadLength).Add($"{prefix}.vocab_size", (uint)shape.Vocabulary);
        string[] tokens = SyntheticVocabulary.Tokens(shape.Vocabulary);
        int[] types = new int[tokens.Length];
        Array.Fill(types, 1);
        types[^1] = 3;
        writer.Add("tokenizer.ggml.model", "gpt2").Add("tokenizer.ggml.pre", shape.Architecture == "qwen3" ? "qwen2" : "llama-bpe")
            .Add("tokenizer.ggml.tokens", tokens).Add("tokenizer.ggml.token_type", types)
            .Add("tokenizer.ggml.merges", SyntheticVocabulary.Merges)
            .Add("tokenizer.ggml.bos_token_id", (uint)(tokens.Length - 1)).Add("tokenizer.ggml.eos_token_id", (uint)(tokens.Length - 1))
            .Add("tokenizer.ggml.add_bos_token", false);
    }
}
