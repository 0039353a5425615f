using Tiercel.Engine.Formats;

namespace Tiercel.Engine.Tokenization.Vocabularies;

/// <summary>The checked list of tokens of a model: texts are unique and not empty, every named id is in range. Immutable once read.</summary>
internal sealed class Vocabulary
{
    private readonly TextIndex _ids;

    internal Vocabulary(GgufTexts texts, TokenType[] types, TextIndex ids, SpecialIds special)
    {
        Texts = texts;
        Types = types;
        _ids = ids;
        Special = special;
    }

    public int Count => Types.Length;

    public GgufTexts Texts { get; }

    public TokenType[] Types { get; }

    public SpecialIds Special { get; }

    /// <summary><c>general.name</c>; a few models are told by it because the format has no key for how their tokens strip white space.</summary>
    public required string ModelName { get; init; }

    public required string Architecture { get; init; }

    /// <summary><c>tokenizer.ggml.pre</c>, or empty.</summary>
    public required string PreTokenizerName { get; init; }

    public int? Find(string text) => _ids.Find(text);

    /// <summary>The token with this text in UTF-8, or null.</summary>
    public int? Find(ReadOnlySpan<byte> text) => _ids.Find(text);

    /// <summary>Whether a token is hidden in shown text, and may come only from trusted text.</summary>
    public bool IsControl(int token) => Types[token] is TokenType.Control or TokenType.Unknown;

    /// <summary>The token that has <paramref name="id"/>, for messages: its text is cut so that a hostile file cannot fill a log.</summary>
    public string Describe(int id) => $"{id} ('{(Texts[id].Length > 40 ? Texts[id][..40] + "…" : Texts[id])}')";

    /// <exception cref="ModelFormatException">The vocabulary is missing or contradictory; the message names the key.</exception>
    public static Vocabulary Read(GgufMetadata metadata) => VocabularyReader.Read(metadata);
}
