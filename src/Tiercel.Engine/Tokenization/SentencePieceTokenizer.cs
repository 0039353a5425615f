using System.Buffers;
using Tiercel.Engine.Formats;
using Tiercel.Engine.Tokenization.Merging;
using Tiercel.Engine.Tokenization.Vocabularies;

namespace Tiercel.Engine.Tokenization;

/// <summary>
/// SentencePiece's byte-pair model (<c>llama</c>): spaces become U+2581, neighbours whose joined text is a token merge by score, and what is no token
/// becomes byte tokens.
/// </summary>
internal sealed class SentencePieceTokenizer : VocabularyTokenizer
{
    private readonly PieceEncoder<ScoreRule> _encoder;
    private readonly bool _addsEos;
    private readonly bool _splitsWords;

    private SentencePieceTokenizer(Vocabulary vocabulary, PieceEncoder<ScoreRule> encoder, bool addsSpace, bool addsBos, bool addsEos)
        : base(vocabulary, TokenBytes.Build(vocabulary, (token, target) => WriteShown(vocabulary, token, target)))
    {
        _encoder = encoder;
        DropsFirstSpace = addsSpace;
        AddsBos = addsBos;
        _addsEos = addsEos;
        _splitsWords = !HasSpaceInside(vocabulary.Texts);
    }

    public override bool AddsBos { get; }

    private static ReadOnlySpan<byte> SpaceMark => SpaceMarks.Mark;

    /// <summary>A space is put before the text and dropped again when decoding.</summary>
    protected override bool DropsFirstSpace { get; }

    public static SentencePieceTokenizer Read(Vocabulary vocabulary, GgufMetadata metadata)
    {
        int[] byteTokens = ByteTokens.Find(vocabulary);
        int unknown = vocabulary.Special.Unknown ?? Array.IndexOf(vocabulary.Types, TokenType.Unknown);
        if (unknown < 0 && Array.IndexOf(byteTokens, -1) is int missing and >= 0)
        {
            throw VocabularyReader.Wrong(TokenizerKeys.Tokens, $"has no byte token {ByteTokens.TextOf(missing)}, and '{TokenizerKeys.Unknown}' is missing too");
        }

        int[] scoreRanks = VocabularyReader.ReadScoreRanks(metadata, vocabulary.Count);
        PieceTable table = new(TokenBytes.Build(vocabulary, (token, target) => WriteKey(vocabulary, token, target)));
        ScoreRule rule = new(table, scoreRanks, byteTokens, unknown);
        PieceEncoder<ScoreRule> encoder = new(rule, table, vocabulary.Count, ignoresMerges: false);
        return new SentencePieceTokenizer(
            vocabulary,
            encoder,
            metadata.GetBoolean(TokenizerKeys.AddSpacePrefix) ?? true,
            AddedToken.Read(metadata, TokenizerKeys.AddBos, true, TokenizerKeys.Bos, vocabulary.Special.Bos),
            AddedToken.Read(metadata, TokenizerKeys.AddEos, false, TokenizerKeys.Eos, vocabulary.Special.Eos));
    }

    protected override void EncodeText(ReadOnlySpan<byte> text, bool startsText, ref TokenBuffer output)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(checked((text.Length * 3) + 3));
        try
        {
            int length = 0;
            if (startsText && DropsFirstSpace)
            {
                SpaceMark.CopyTo(buffer);
                length = SpaceMark.Length;
            }

            length += MarkSpaces(text, buffer.AsSpan(length));
            EncodeMarked(buffer.AsSpan(0, length), ref output);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    protected override void AddSuffix(ref TokenBuffer output)
    {
        if (_addsEos)
        {
            output.Add(EosToken!.Value);
        }
    }

    private static int MarkSpaces(ReadOnlySpan<byte> text, Span<byte> target)
    {
        int written = 0;
        while (true)
        {
            int space = text.IndexOf((byte)' ');
            ReadOnlySpan<byte> word = space < 0 ? text : text[..space];
            word.CopyTo(target[written..]);
            written += word.Length;
            if (space < 0)
            {
                return written;
            }

            SpaceMark.CopyTo(target[written..]);
            written += SpaceMark.Length;
            text = text[(space + 1)..];
        }
    }

    /// <summary>
    /// Where no token reaches from a word into the space after it, as in all large vocabularies, merging cannot either, and each word is a piece:
    /// the same tokens, but pieces come again and are remembered.
    /// </summary>
    private void EncodeMarked(ReadOnlySpan<byte> text, ref TokenBuffer output)
    {
        while (_splitsWords && text.Length > 0)
        {
            int word = 0;
            while (text[word..].StartsWith(SpaceMark))
            {
                word += SpaceMark.Length;
            }

            int next = text[word..].IndexOf(SpaceMark);
            int end = next < 0 ? text.Length : word + next;
            _encoder.Encode(text[..end], ref output);
            text = text[end..];
        }

        if (text.Length > 0)
        {
            _encoder.Encode(text, ref output);
        }
    }

    /// <summary>Whether a token has something before a space.</summary>
    private static bool HasSpaceInside(GgufTexts texts)
    {
        for (int token = 0; token < texts.Count; token++)
        {
            ReadOnlySpan<byte> text = texts.Utf8(token);
            while (text.StartsWith(SpaceMark))
            {
                text = text[SpaceMark.Length..];
            }

            if (text.IndexOf(SpaceMark) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The bytes that text must have to become a token. Control, unknown and byte tokens are never spelt.</summary>
    private static int WriteKey(Vocabulary vocabulary, int token, Span<byte> target)
        => vocabulary.Types[token] is TokenType.Normal or TokenType.UserDefined or TokenType.Unused or TokenType.Undefined
            ? SpaceMarks.Copy(vocabulary.Texts.Utf8(token), target)
            : 0;

    private static int WriteShown(Vocabulary vocabulary, int token, Span<byte> target)
    {
        switch (vocabulary.Types[token])
        {
            case TokenType.Unused or TokenType.Undefined:
                return 0;
            case TokenType.Byte:
                target[0] = ByteTokens.ValueOf(vocabulary, token);
                return 1;
            case TokenType.Normal:
                return SpaceMarks.Show(vocabulary.Texts.Utf8(token), target);
            default:
                return SpaceMarks.Copy(vocabulary.Texts.Utf8(token), target);
        }
    }
}
