using Tiercel.Engine.Formats;
using Tiercel.Engine.Templates;
using Tiercel.Engine.Tokenization.Vocabularies;

namespace Tiercel.Engine.Tokenization;

/// <summary>Turns text into token ids and back. Immutable and safe to use from many threads.</summary>
public abstract class Tokenizer
{
    public abstract int VocabularySize { get; }

    /// <summary>Begin-of-text, or null.</summary>
    public abstract int? BosToken { get; }

    /// <summary>End-of-text, or null.</summary>
    public abstract int? EosToken { get; }

    /// <summary>Whether the model wants begin-of-text before a prompt.</summary>
    public abstract bool AddsBos { get; }

    /// <summary>All tokens after which a model stops by itself: eos, eot, eom and their like.</summary>
    public abstract IReadOnlySet<int> EndTokens { get; }

    /// <summary>Why the tokens may not be those that the model was trained with, for the log; null in the usual case.</summary>
    public virtual string? Warning => null;

    /// <summary>Reads the tokenizer that a model file describes.</summary>
    /// <exception cref="ModelFormatException">It is missing, contradictory or of an unknown kind.</exception>
    public static Tokenizer Create(GgufMetadata metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        string model = metadata.GetString(TokenizerKeys.Model) ?? throw VocabularyReader.Wrong(TokenizerKeys.Model, "is missing");
        return model switch
        {
            "gpt2" => BytePairTokenizer.Read(Vocabulary.Read(metadata), metadata),
            "llama" => SentencePieceTokenizer.Read(Vocabulary.Read(metadata), metadata),
            "bert" => WordPieceTokenizer.Read(Vocabulary.Read(metadata), metadata),
            _ => throw VocabularyReader.Wrong(TokenizerKeys.Model, $"names the kind '{(model.Length > 60 ? model[..60] : model)}'; gpt2, llama and bert can be used"),
        };
    }

    /// <summary>Encodes text.</summary>
    /// <param name="text">Any string; lone surrogates become U+FFFD.</param>
    /// <param name="parseSpecial">Whether the text of control tokens becomes those tokens.</param>
    /// <param name="addSpecial">Whether begin-of-text and the like are added where the model asks for them.</param>
    public int[] Encode(string text, bool parseSpecial, bool addSpecial) => Encode([new TextSegment(text, parseSpecial)], addSpecial);

    /// <summary>
    /// Encodes a rendered prompt: the same ids as for the joined text, but control tokens are recognised only where
    /// their whole text lies in trusted segments.
    /// </summary>
    public abstract int[] Encode(IReadOnlyList<TextSegment> segments, bool addSpecial);

    /// <summary>The bytes a token stands for; special tokens give their text. Half characters are possible.</summary>
    public abstract ReadOnlySpan<byte> GetBytes(int token);

    /// <summary>Whether a token is a control token (or the unknown token), which is not part of the text shown to a user.</summary>
    public abstract bool IsControl(int token);

    /// <summary>The id of the token with exactly this text (a special token's, say), or null.</summary>
    public abstract int? Find(string text);

    /// <summary>Decodes ids; broken UTF-8 becomes U+FFFD.</summary>
    public abstract string Decode(IEnumerable<int> tokens, bool renderSpecial);

    /// <summary>Starts decoding a new stream of tokens.</summary>
    public abstract TokenStreamDecoder CreateStreamDecoder(bool renderSpecial);
}
