using Tiercel.Engine.Formats;
using Tiercel.Engine.Tokenization;

namespace Tiercel.Engine.Tests.Tokenization;

/// <summary>Metadata of small vocabularies that tests write by hand and spoil.</summary>
internal sealed class TestVocabulary
{
    private readonly List<string> _tokens = [];
    private readonly List<long> _types = [];
    private readonly List<double> _scores = [];
    private readonly List<string> _merges = [];

    public Dictionary<string, object> Extra { get; } = new(StringComparer.Ordinal);

    /// <summary>The 256 characters of the byte alphabet, so that every text has tokens.</summary>
    public static TestVocabulary Bytes(string pre = "qwen2")
    {
        TestVocabulary vocabulary = new();
        vocabulary.Extra["tokenizer.ggml.model"] = "gpt2";
        vocabulary.Extra["tokenizer.ggml.pre"] = pre;
        for (int value = 0; value < 256; value++)
        {
            vocabulary.Add(Engine.Tokenization.Vocabularies.ByteAlphabet.CharacterOf((byte)value).ToString(), 1);
        }

        return vocabulary;
    }

    /// <summary>An unknown token, begin, end, and the 256 byte tokens.</summary>
    public static TestVocabulary SentencePiece()
    {
        TestVocabulary vocabulary = new();
        vocabulary.Extra["tokenizer.ggml.model"] = "llama";
        vocabulary.Add("<unk>", 2);
        vocabulary.Add("<s>", 3);
        vocabulary.Add("</s>", 3);
        vocabulary.Extra["tokenizer.ggml.unknown_token_id"] = 0L;
        vocabulary.Extra["tokenizer.ggml.bos_token_id"] = 1L;
        vocabulary.Extra["tokenizer.ggml.eos_token_id"] = 2L;
        for (int value = 0; value < 256; value++)
        {
            vocabulary.Add($"<0x{value:X2}>", 6);
        }

        return vocabulary;
    }

    public int Add(string text, int type, double score = 0)
    {
        _tokens.Add(text);
        _types.Add(type);
        _scores.Add(score);
        return _tokens.Count - 1;
    }

    /// <summary>Adds the token that two others merge into, and the merge.</summary>
    public int Merge(string left, string right)
    {
        _merges.Add($"{left} {right}");
        return Add(left + right, 1);
    }

    public void AddMerge(string merge) => _merges.Add(merge);

    public GgufMetadata ToMetadata()
    {
        Dictionary<string, object> values = new(StringComparer.Ordinal)
        {
            ["tokenizer.ggml.tokens"] = _tokens.ToArray(),
            ["tokenizer.ggml.token_type"] = _types.ToArray(),
            ["tokenizer.ggml.scores"] = _scores.ToArray(),
            ["tokenizer.ggml.merges"] = _merges.ToArray(),
        };
        foreach ((string key, object value) in Extra)
        {
            values[key] = value;
        }

        return new GgufMetadata(values);
    }

    public Tokenizer Create() => Tokenizer.Create(ToMetadata());
}
