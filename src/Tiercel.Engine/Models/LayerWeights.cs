namespace Tiercel.Engine.Models;

/// <summary>The weights of one layer. Norms are null where the placement has none.</summary>
internal sealed class LayerWeights
{
    private LayerWeights(TensorSource source, ModelSpec spec, int layer)
    {
        string prefix = $"blk.{layer}.";
        int width = spec.EmbeddingLength;
        (string? before, string? after) = spec.NormPlacement switch
        {
            NormPlacement.Before => ("attn_norm", null),
            NormPlacement.BeforeAndAfter => ("attn_norm", "post_attention_norm"),
            NormPlacement.After => (null, "post_attention_norm"),
            _ => ((string?)null, "attn_output_norm"),
        };
        AttentionNorm = LoadNorm(source, spec, prefix, before);
        PostAttentionNorm = LoadNorm(source, spec, prefix, after);
        (before, after) = spec.NormPlacement switch
        {
            NormPlacement.Before => (spec.FeedForwardNormName, null),
            NormPlacement.BeforeAndAfter => (spec.FeedForwardNormName, "post_ffw_norm"),
            NormPlacement.After => (null, "post_ffw_norm"),
            _ => ((string?)null, "layer_output_norm"),
        };
        FeedForwardNorm = LoadNorm(source, spec, prefix, before);
        PostFeedForwardNorm = LoadNorm(source, spec, prefix, after);

        QueryKeyValue = LoadQueryKeyValue(source, spec, prefix);
        QueryKeyValueBias = LoadQueryKeyValueBias(source, spec, prefix);
        Output = source.Matrix($"{prefix}attn_output.weight", spec.AttentionWidth, width);
        OutputBias = source.OptionalVector($"{prefix}attn_output.bias", width);
        if (spec.QueryKeyNorm != QueryKeyNorm.None)
        {
            bool perHead = spec.QueryKeyNorm == QueryKeyNorm.PerHead;
            QueryNorm = NormWeights.Load(source, spec, $"{prefix}attn_q_norm", perHead ? spec.KeyLength : spec.QueryWidth);
            KeyNorm = NormWeights.Load(source, spec, $"{prefix}attn_k_norm", perHead ? spec.KeyLength : spec.KeyWidth);
        }

        Sinks = spec.AttentionSinks ? source.Vector($"{prefix}attn_sinks.weight", spec.HeadCount) : [];
        if (spec.Experts is not null && source.Has($"{prefix}ffn_gate_inp.weight"))
        {
            Experts = new ExpertWeights(source, spec, prefix);
        }
        else
        {
            Dense = new FeedForwardWeights(source, spec, prefix);
        }
    }

    public NormWeights? AttentionNorm { get; }

    public NormWeights? PostAttentionNorm { get; }

    public NormWeights? FeedForwardNorm { get; }

    public NormWeights? PostFeedForwardNorm { get; }

    /// <summary>Query, key and value matrices, or one that holds the rows of all three.</summary>
    public StoredMatrix[] QueryKeyValue { get; }

    /// <summary>[query width + key width + value width], or null.</summary>
    public float[]? QueryKeyValueBias { get; }

    public NormWeights? QueryNorm { get; }

    public NormWeights? KeyNorm { get; }

    public float[] Sinks { get; }

    public StoredMatrix Output { get; }

    public float[]? OutputBias { get; }

    public FeedForwardWeights? Dense { get; }

    public ExpertWeights? Experts { get; }

    public static LayerWeights Load(TensorSource source, ModelSpec spec, int layer) => new(source, spec, layer);

    private static NormWeights? LoadNorm(TensorSource source, ModelSpec spec, string prefix, string? name)
        => name is null ? null : NormWeights.Load(source, spec, prefix + name, spec.EmbeddingLength);

    private static StoredMatrix[] LoadQueryKeyValue(TensorSource source, ModelSpec spec, string prefix)
    {
        int width = spec.EmbeddingLength;
        return spec.FusedQueryKeyValue
            ? [source.Matrix($"{prefix}attn_qkv.weight", width, spec.QueryWidth + spec.KeyWidth + spec.ValueWidth)]
            : [
                source.Matrix($"{prefix}attn_q.weight", width, spec.QueryWidth),
                source.Matrix($"{prefix}attn_k.weight", width, spec.KeyWidth),
                source.Matrix($"{prefix}attn_v.weight", width, spec.ValueWidth),
            ];
    }

    private static float[]? LoadQueryKeyValueBias(TensorSource source, ModelSpec spec, string prefix)
    {
        if (spec.FusedQueryKeyValue)
        {
            return source.OptionalVector($"{prefix}attn_qkv.bias", spec.QueryWidth + spec.KeyWidth + spec.ValueWidth);
        }

        float[]? query = source.OptionalVector($"{prefix}attn_q.bias", spec.QueryWidth);
        float[]? key = source.OptionalVector($"{prefix}attn_k.bias", spec.KeyWidth);
        float[]? value = source.OptionalVector($"{prefix}attn_v.bias", spec.ValueWidth);
        return query is null && key is null && value is null
            ? null
            : [.. query ?? new float[spec.QueryWidth], .. key ?? new float[spec.KeyWidth], .. value ?? new float[spec.ValueWidth]];
    }
}
