using Tiercel.Engine.Formats;
using Tiercel.Engine.Tokenization.Merging;
using Tiercel.Engine.Tokenization.Splitting;
using Tiercel.Engine.Tokenization.Vocabularies;

namespace Tiercel.Engine.Tokenization;

/// <summary>Byte-level byte-pair encoding (<c>gpt2</c>): pieces cut by a pre-tokenizer, their bytes merged by rank.</summary>
internal sealed class BytePairTokenizer : VocabularyTokenizer
{
    private readonly PreTokenizer _preTokenizer;
    private readonly PieceEncoder<BytePairRule> _encoder;
    private readonly bool _addsEos;

    private BytePairTokenizer(Vocabulary vocabulary, PreTokenizerChoice choice, PieceEncoder<BytePairRule> encoder, bool addsBos, bool addsEos)
        : base(vocabulary, TokenBytes.Build(vocabulary, (token, target) => WriteShown(vocabulary, token, target)))
    {
        _preTokenizer = choice.Splitter;
        _encoder = encoder;
        AddsBos = addsBos;
        _addsEos = addsEos;
        Warning = choice.Warning;
    }

    public override bool AddsBos { get; }

    public override string? Warning { get; }

    public static BytePairTokenizer Read(Vocabulary vocabulary, GgufMetadata metadata)
    {
        PreTokenizerChoice choice = PreTokenizers.Choose(metadata.GetString(TokenizerKeys.Pre));
        GgufTexts merges = metadata.GetStrings(TokenizerKeys.Merges) ?? throw VocabularyReader.Wrong(TokenizerKeys.Merges, "is missing");
        PieceTable table = new(TokenBytes.Build(vocabulary, (token, target) => WriteKey(vocabulary, token, target)));
        int[] byteTokens = new int[256];
        for (int value = 0; value < byteTokens.Length; value++)
        {
            byteTokens[value] = table.Find([(byte)value]);
        }

        BytePairRule rule = new(MergeTable.Read(merges, vocabulary, table), byteTokens);
        PieceEncoder<BytePairRule> encoder = new(rule, table, vocabulary.Count, choice.IgnoresMerges);
        bool addsBos = AddedToken.Read(metadata, TokenizerKeys.AddBos, choice.AddsBos, TokenizerKeys.Bos, vocabulary.Special.Bos);
        bool addsEos = AddedToken.Read(metadata, TokenizerKeys.AddEos, false, TokenizerKeys.Eos, vocabulary.Special.Eos);
        return new BytePairTokenizer(vocabulary, choice, encoder, addsBos, addsEos);
    }

    protected override void EncodeText(ReadOnlySpan<byte> text, bool startsText, ref TokenBuffer output) => _preTokenizer.Encode(text, _encoder, ref output);

    protected override void AddSuffix(ref TokenBuffer output)
    {
        if (_addsEos)
        {
            output.Add(EosToken!.Value);
        }
    }

    /// <summary>The bytes that text must have to become a token; none for a token that text never becomes.</summary>
    private static int WriteKey(Vocabulary vocabulary, int token, Span<byte> target)
        => vocabulary.Types[token] is TokenType.Normal or TokenType.UserDefined or TokenType.Unused or TokenType.Undefined
            && ByteAlphabet.TryDecode(vocabulary.Texts.Utf8(token), target, out int count)
            ? count
            : 0;

    /// <summary>The bytes that a token shows. Unused tokens show nothing; special ones their text, which is not in the byte alphabet.</summary>
    private static int WriteShown(Vocabulary vocabulary, int token, Span<byte> target)
    {
        ReadOnlySpan<byte> text = vocabulary.Texts.Utf8(token);
        switch (vocabulary.Types[token])
        {
            case TokenType.Unused or TokenType.Undefined:
                return 0;
            case TokenType.Byte:
                target[0] = ByteTokens.ValueOf(vocabulary, token);
                return 1;
            case TokenType.Normal when ByteAlphabet.TryDecode(text, target, out int count):
                return count;
            default:
                text.CopyTo(target);
                return text.Length;
        }
    }
}
