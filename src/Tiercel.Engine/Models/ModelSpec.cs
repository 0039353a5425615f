using Tiercel.Engine.Formats;

namespace Tiercel.Engine.Models;

/// <summary>
/// A transformer described by data; read from the metadata of a model file. One forward pass executes every combination; a model family is
/// only a mapping from its keys to this record (<see cref="ModelFamilies"/>).
/// </summary>
public sealed record ModelSpec
{
    public required string Architecture { get; init; }

    public int VocabularySize { get; init; }

    public int EmbeddingLength { get; init; }

    public int LayerCount { get; init; }

    /// <summary>Tokens of context the model was trained for.</summary>
    public int TrainedContextLength { get; init; }

    /// <summary>False for encoders: they attend both ways and keep no cache.</summary>
    public bool IsCausal { get; init; } = true;

    /// <summary>Query heads of a layer.</summary>
    public int HeadCount { get; init; }

    /// <summary>Key/value heads of a layer; each serves <see cref="HeadCount"/> / <see cref="KvHeadCount"/> query heads.</summary>
    public int KvHeadCount { get; init; }

    /// <summary>Floats of one query or key head.</summary>
    public int KeyLength { get; init; }

    /// <summary>Floats of one value head.</summary>
    public int ValueLength { get; init; }

    /// <summary>Width of the dense feed-forward network; 0 when every layer has experts.</summary>
    public int FeedForwardLength { get; init; }

    /// <summary>
    /// How the hidden states of a text become its embedding: what the file says; where it says nothing (or "none", each token by itself), the last token of
    /// a causal model, which alone has seen the whole text, and the mean of an encoder.
    /// </summary>
    public PoolingKind Pooling { get; init; } = PoolingKind.Last;

    internal NormKind Norm { get; init; } = NormKind.RootMeanSquare;

    internal float NormEpsilon { get; init; } = 1e-5f;

    internal NormPlacement NormPlacement { get; init; } = NormPlacement.Before;

    /// <summary>Tensor of the norm before the feed-forward network; gpt-oss stores it under another name.</summary>
    internal string FeedForwardNormName { get; init; } = "ffn_norm";

    internal QueryKeyNorm QueryKeyNorm { get; init; }

    internal ActivationKind Activation { get; init; } = ActivationKind.SiluGated;

    /// <summary>Query, key and value are the rows of one matrix.</summary>
    internal bool FusedQueryKeyValue { get; init; }

    /// <summary>Gate and up are the rows of one matrix, gate first.</summary>
    internal bool FusedGateUp { get; init; }

    internal RotaryOrder RotaryOrder { get; init; } = RotaryOrder.Adjacent;

    /// <summary>Leading floats of a head that are rotated; the others pass through.</summary>
    internal int RotaryLength { get; init; }

    /// <summary>Position encodings that layers refer to by index.</summary>
    internal IReadOnlyList<RotarySpec> Rotaries { get; init; } = [];

    internal IReadOnlyList<LayerSpec> Layers { get; init; } = [];

    internal ExpertSpec? Experts { get; init; }

    /// <summary>A learned logit per head joins the denominator of the softmax.</summary>
    internal bool AttentionSinks { get; init; }

    internal float AttentionScale { get; init; } = 1;

    /// <summary>Scores become cap * tanh(score / cap); 0 for none.</summary>
    internal float AttentionSoftCap { get; init; }

    internal float LogitSoftCap { get; init; }

    internal float EmbeddingScale { get; init; } = 1;

    /// <summary>Factor of what a block adds to the residual stream.</summary>
    internal float ResidualScale { get; init; } = 1;

    /// <summary>Factor of the logits (already inverted where the file divides).</summary>
    internal float LogitScale { get; init; } = 1;

    internal AttentionTemperature? Temperature { get; init; }

    /// <summary>Rows of the learned table of token types that encoders add; 0 for none.</summary>
    internal int TokenTypeCount { get; init; }

    /// <summary>Query heads that share one key/value head.</summary>
    internal int HeadsPerKvHead => HeadCount / KvHeadCount;

    internal int QueryWidth => HeadCount * KeyLength;

    internal int KeyWidth => KvHeadCount * KeyLength;

    internal int ValueWidth => KvHeadCount * ValueLength;

    internal int AttentionWidth => HeadCount * ValueLength;

    /// <summary>Reads and checks the description of a model; nothing of the weights is touched.</summary>
    /// <param name="file">An open model.</param>
    /// <param name="contextLength">Tokens of context that will be configured (long-rope models choose their factors by it); null for the trained length.</param>
    /// <exception cref="ModelFormatException">The architecture is not known, or a size is missing or impossible; the message names it.</exception>
    public static ModelSpec Read(GgufFile file, int? contextLength = null)
    {
        ArgumentNullException.ThrowIfNull(file);
        return ModelSpecReader.Read(file.Metadata, file.Tensors, contextLength);
    }
}
