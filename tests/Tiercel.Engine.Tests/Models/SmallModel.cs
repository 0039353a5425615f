using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels;
using Tiercel.Engine.KvCache;
using Tiercel.Engine.Models;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Models;

/// <summary>A complete llama model of zeros, of which a test changes one key or tensor.</summary>
internal sealed class SmallModel
{
    private readonly Dictionary<string, object> _keys = new(StringComparer.Ordinal)
    {
        ["general.architecture"] = "llama",
        ["llama.context_length"] = 64u,
        ["llama.embedding_length"] = 32u,
        ["llama.block_count"] = 2u,
        ["llama.feed_forward_length"] = 64u,
        ["llama.attention.head_count"] = 4u,
        ["llama.attention.head_count_kv"] = 2u,
        ["llama.attention.layer_norm_rms_epsilon"] = 1e-5f,
        ["llama.rope.dimension_count"] = 8u,
    };

    private readonly Dictionary<string, long[]> _tensors = new(StringComparer.Ordinal)
    {
        ["token_embd.weight"] = [32, 100],
        ["output_norm.weight"] = [32],
    };

    public SmallModel()
    {
        for (int layer = 0; layer < 2; layer++)
        {
            foreach ((string name, long[] shape) in (ReadOnlySpan<(string, long[])>)
            [
                ("attn_norm", [32]), ("attn_q", [32, 32]), ("attn_k", [32, 16]), ("attn_v", [32, 16]), ("attn_output", [32, 32]),
                ("ffn_norm", [32]), ("ffn_gate", [32, 64]), ("ffn_up", [32, 64]), ("ffn_down", [64, 32]),
            ])
            {
                _tensors[$"blk.{layer}.{name}.weight"] = shape;
            }
        }
    }

    /// <summary>Sets a key; null removes it.</summary>
    public SmallModel Key(string key, object? value)
    {
        _keys.Remove(key);
        if (value is not null)
        {
            _keys[key] = value;
        }

        return this;
    }

    /// <summary>Sets the shape of a tensor; none removes it.</summary>
    public SmallModel Tensor(string name, params long[] shape)
    {
        _tensors.Remove(name);
        if (shape.Length > 0)
        {
            _tensors[name] = shape;
        }

        return this;
    }

    /// <summary>Writes the file, opens and loads it.</summary>
    public void Load()
    {
        using TemporaryFolder folder = new();
        using GgufFile file = Open(folder);
        using ThreadTeam team = new(1);
        TransformerModel.Load(file, new ModelLoadOptions { MaxRows = 8, MaxOutputs = 8 }, team).Dispose();
    }

    public ModelSpec ReadSpec(int? contextLength = null)
    {
        using TemporaryFolder folder = new();
        using GgufFile file = Open(folder);
        return ModelSpec.Read(file, contextLength);
    }

    public TokenCost ReadCost(KvType type)
    {
        using TemporaryFolder folder = new();
        using GgufFile file = Open(folder);
        return TokenCost.Of(file, ModelSpec.Read(file), type);
    }

    private GgufFile Open(TemporaryFolder folder)
    {
        GgufWriter writer = new();
        foreach ((string key, object value) in _keys)
        {
            writer.Add(key, value);
        }

        foreach ((string name, long[] shape) in _tensors)
        {
            writer.AddTensor(name, TensorType.F32, shape);
        }

        string path = Path.Combine(folder.Path, "small.gguf");
        writer.Save(path);
        return GgufFile.Open(path);
    }
}
