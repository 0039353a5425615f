using Tiercel.Engine.Formats;

namespace Tiercel.Engine.Models;

/// <summary>Reads what all architectures share, lets the family add its own, and checks that the whole makes sense.</summary>
internal static class ModelSpecReader
{
    // Limits that no model of these families comes near; what lies above them is a damaged or hostile file.
    private const int MaxLayers = 1024;
    private const int MaxHeads = 4096;
    private const int MaxHeadLength = 4096;
    private const int MaxWidth = 1 << 20;
    private const int MaxContext = 1 << 27;
    private const int MaxVocabulary = 1 << 24;

    public static ModelSpec Read(GgufMetadata metadata, IReadOnlyDictionary<string, GgufTensor> tensors, int? contextLength)
    {
        string architecture = metadata.GetString("general.architecture") ?? throw new ModelFormatException("metadata key 'general.architecture' is missing");
        ModelFamilies.Mapping family = ModelFamilies.Find(architecture);
        ModelKeys keys = new(architecture, metadata, tensors, contextLength);
        ModelSpec spec = family(ReadCommon(keys), keys);
        Check(spec);
        if (metadata.GetStrings("tokenizer.ggml.tokens") is { } tokens)
        {
            Require(tokens.Count == spec.VocabularySize, $"'tokenizer.ggml.tokens' has {tokens.Count} entries, but tensor 'token_embd.weight' has {spec.VocabularySize} rows");
        }

        return spec;
    }

    private static ModelSpec ReadCommon(ModelKeys keys)
    {
        int embedding = keys.RequiredInteger("embedding_length", 1, MaxWidth);
        int layers = keys.RequiredInteger("block_count", 1, MaxLayers);
        int heads = keys.RequiredInteger("attention.head_count", 1, MaxHeads);
        int context = keys.RequiredInteger("context_length", 1, MaxContext);
        int keyLength = keys.Integer("attention.key_length", 1, MaxHeadLength) ?? DefaultHeadLength(keys, embedding, heads);
        RotarySpec rotary = RotaryScaling.Read(keys, context);
        return new ModelSpec
        {
            Architecture = keys.Architecture,
            VocabularySize = ReadVocabularySize(keys),
            EmbeddingLength = embedding,
            LayerCount = layers,
            TrainedContextLength = context,
            HeadCount = heads,
            KvHeadCount = keys.Integer("attention.head_count_kv", 1, MaxHeads) ?? heads,
            KeyLength = keyLength,
            ValueLength = keys.Integer("attention.value_length", 1, MaxHeadLength) ?? DefaultHeadLength(keys, embedding, heads),
            FeedForwardLength = keys.Integer("feed_forward_length", 0, MaxWidth) ?? 0,
            NormEpsilon = keys.Positive("attention.layer_norm_rms_epsilon") ?? 1e-5f,
            RotaryLength = keys.Integer("rope.dimension_count", 0, MaxHeadLength) ?? keyLength,
            Rotaries = [rotary],
            Layers = [.. Enumerable.Repeat(new LayerSpec(0, 0), layers)],
            AttentionScale = keys.Positive("attention.scale") ?? (float)(1 / Math.Sqrt(keyLength)),
            Pooling = ReadPooling(keys) ?? PoolingKind.Last,
            Experts = ReadExperts(keys),
        };
    }

    private static int DefaultHeadLength(ModelKeys keys, int embedding, int heads) => embedding % heads == 0
        ? embedding / heads
        : throw new ModelFormatException(
            $"metadata key '{keys.Name("attention.head_count")}' is {heads}, which does not divide the embedding length {embedding}, and no head length is given");

    /// <summary>The rows of the embedding table, which the metadata may repeat.</summary>
    private static int ReadVocabularySize(ModelKeys keys)
    {
        GgufTensor table = keys.FindTensor("token_embd.weight") ?? throw new ModelFormatException("tensor 'token_embd.weight' is missing");
        if (table.Rows is < 1 or > MaxVocabulary)
        {
            throw new ModelFormatException($"tensor 'token_embd.weight' has {table.Rows} rows; a vocabulary has 1 to {MaxVocabulary}");
        }

        int? declared = keys.Integer("vocab_size", 1, MaxVocabulary);
        return declared is null || declared == table.Rows
            ? (int)table.Rows
            : throw new ModelFormatException($"metadata key '{keys.Name("vocab_size")}' is {declared}, but tensor 'token_embd.weight' has {table.Rows} rows");
    }

    private static ExpertSpec? ReadExperts(ModelKeys keys)
    {
        int count = keys.Integer("expert_count", 0, 4096) ?? 0;
        if (count == 0)
        {
            return null;
        }

        int used = keys.RequiredInteger("expert_used_count", 1, count);
        int width = keys.Integer("expert_feed_forward_length", 1, MaxWidth) ?? keys.RequiredInteger("feed_forward_length", 1, MaxWidth);
        return new ExpertSpec(count, used, width, ExpertWeighting.SoftmaxThenSelect, keys.Positive("expert_weights_scale") ?? 1);
    }

    /// <summary>GGUF's pooling types: 0 none (each token by itself, so the default of the kind is taken), 1 mean, 2 first, 3 last, 4 rank.</summary>
    private static PoolingKind? ReadPooling(ModelKeys keys) => keys.Integer("pooling_type", 0, 4) switch
    {
        null or 0 => null,
        1 => PoolingKind.Mean,
        2 => PoolingKind.First,
        3 => PoolingKind.Last,
        _ => throw new ModelFormatException($"metadata key '{keys.Name("pooling_type")}' asks for a ranking head, which is not supported"),
    };

    private static void Check(ModelSpec spec)
    {
        Require(spec.HeadCount % spec.KvHeadCount == 0, $"{spec.HeadCount} query heads cannot share {spec.KvHeadCount} key/value heads evenly");
        Require(spec.RotaryLength <= spec.KeyLength, $"'{spec.Architecture}.rope.dimension_count' is {spec.RotaryLength}, more than the head length {spec.KeyLength}");
        Require(spec.RotaryLength % 2 == 0, $"'{spec.Architecture}.rope.dimension_count' is {spec.RotaryLength}; it must be even");
        Require(spec.Experts is not null || spec.FeedForwardLength > 0, $"metadata key '{spec.Architecture}.feed_forward_length' is missing or 0");
        Require((long)spec.HeadCount * Math.Max(spec.KeyLength, spec.ValueLength) <= MaxWidth, "the attention heads together are too wide");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new ModelFormatException(message);
        }
    }
}
