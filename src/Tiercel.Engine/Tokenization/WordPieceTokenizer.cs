using System.Buffers;
using Tiercel.Engine.Formats;
using Tiercel.Engine.Tokenization.Merging;
using Tiercel.Engine.Tokenization.Specials;
using Tiercel.Engine.Tokenization.Vocabularies;
using Tiercel.Engine.Tokenization.WordPieces;

namespace Tiercel.Engine.Tokenization;

/// <summary>WordPiece (<c>bert</c>): words are taken apart from the left by the longest token; a word that cannot be is one unknown token.</summary>
internal sealed class WordPieceTokenizer : VocabularyTokenizer
{
    private readonly ByteTrie _tokens = new();
    private readonly bool _lowercases;
    private readonly bool _stripsAccents;
    private readonly int _unknown;
    private readonly int _separator;

    private WordPieceTokenizer(Vocabulary vocabulary, GgufMetadata metadata)
        : base(vocabulary, TokenBytes.Build(vocabulary, (token, target) => WriteShown(vocabulary, token, target)))
    {
        _lowercases = metadata.GetBoolean(TokenizerKeys.Lowercase) ?? true;
        _stripsAccents = metadata.GetBoolean(TokenizerKeys.StripAccents) ?? _lowercases;
        _unknown = Require(vocabulary, vocabulary.Special.Unknown, "[UNK]", TokenizerKeys.Unknown);
        _separator = Require(vocabulary, vocabulary.Special.Separator ?? vocabulary.Special.Eos, "[SEP]", TokenizerKeys.Separator);
        BosToken = Require(vocabulary, vocabulary.Special.Classifier ?? vocabulary.Special.Bos, "[CLS]", TokenizerKeys.Bos);
        AddsBos = metadata.GetBoolean(TokenizerKeys.AddBos) ?? true;
        for (int token = 0; token < vocabulary.Count; token++)
        {
            if (vocabulary.Types[token] is not (TokenType.Control or TokenType.Unknown))
            {
                _tokens.Add(vocabulary.Texts.Utf8(token), token);
            }
        }
    }

    public override bool AddsBos { get; }

    /// <summary>The token before a text, [CLS].</summary>
    public override int? BosToken { get; }

    /// <summary>The token after a text, [SEP].</summary>
    public override int? EosToken => _separator;

    /// <summary>A word's first token begins with a space when it is shown; the text's first word does not.</summary>
    protected override bool DropsFirstSpace => true;

    public static WordPieceTokenizer Read(Vocabulary vocabulary, GgufMetadata metadata) => new(vocabulary, metadata);

    protected override void EncodeText(ReadOnlySpan<byte> text, bool startsText, ref TokenBuffer output)
    {
        WordNormalizer words = new(text, _lowercases, _stripsAccents);
        ArrayBufferWriter<byte> word = new(64);
        while (words.TryRead(word))
        {
            EncodeWord(word.WrittenSpan, ref output);
        }
    }

    /// <summary>The separator ends every text of this kind, whatever the add keys say (llama.cpp, and the models' own tokenizers).</summary>
    protected override void AddSuffix(ref TokenBuffer output) => output.Add(_separator);

    private void EncodeWord(ReadOnlySpan<byte> word, ref TokenBuffer output)
    {
        int before = output.Count;
        int start = Walk(ByteTrie.Root, "▁"u8);
        int at = TakeLongest(word, 0, start, ref output);
        while (at > 0 && at < word.Length)
        {
            at = TakeLongest(word, at, ByteTrie.Root, ref output);
        }

        if (at < 0)
        {
            output.Truncate(before);
            output.Add(_unknown);
        }
    }

    /// <summary>Adds the longest token at a place of the word and returns where it ends, or -1 where there is none.</summary>
    private int TakeLongest(ReadOnlySpan<byte> word, int at, int node, ref TokenBuffer output)
    {
        int token = ByteTrie.None;
        int end = -1;
        while (node != ByteTrie.None && at < word.Length)
        {
            node = _tokens.Step(node, word[at++]);
            int found = node == ByteTrie.None ? ByteTrie.None : _tokens.TokenAt(node);
            if (found != ByteTrie.None)
            {
                token = found;
                end = at;
            }
        }

        if (end >= 0)
        {
            output.Add(token);
        }

        return end;
    }

    private int Walk(int node, ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            node = node == ByteTrie.None ? node : _tokens.Step(node, value);
        }

        return node;
    }

    private static int Require(Vocabulary vocabulary, int? token, string name, string key)
        => token ?? vocabulary.Find(name) ?? throw VocabularyReader.Wrong(key, $"is missing, and the vocabulary has no {name}");

    private static int WriteShown(Vocabulary vocabulary, int token, Span<byte> target) => vocabulary.Types[token] switch
    {
        TokenType.Unused or TokenType.Undefined => 0,
        TokenType.Normal => SpaceMarks.Show(vocabulary.Texts.Utf8(token), target),
        _ => SpaceMarks.Copy(vocabulary.Texts.Utf8(token), target),
    };
}
