using System.Buffers;
using System.Text;
using Tiercel.Engine.Templates;
using Tiercel.Engine.Tokenization.Merging;
using Tiercel.Engine.Tokenization.Specials;
using Tiercel.Engine.Tokenization.Vocabularies;

namespace Tiercel.Engine.Tokenization;

/// <summary>What all kinds share: special tokens are cut out, text between them is encoded by the kind, and decoding joins the bytes of the tokens.</summary>
internal abstract class VocabularyTokenizer : Tokenizer
{
    private static readonly byte[] AsciiSpaces = [.. " \t\n\v\f\r"u8];

    private readonly SpecialTokens _specials;
    private readonly TokenBytes _bytes;
    private readonly HashSet<int> _endTokens;

    protected VocabularyTokenizer(Vocabulary vocabulary, TokenBytes bytes)
    {
        Vocabulary = vocabulary;
        _specials = new SpecialTokens(vocabulary);
        _bytes = bytes;
        _endTokens = ChatMarkers.FindEnds(vocabulary);
    }

    public override int VocabularySize => Vocabulary.Count;

    public override int? BosToken => Vocabulary.Special.Bos;

    public override int? EosToken => Vocabulary.Special.Eos;

    public override IReadOnlySet<int> EndTokens => _endTokens;

    protected Vocabulary Vocabulary { get; }

    /// <summary>Whether the first shown token loses the space that encoding put before the text.</summary>
    protected virtual bool DropsFirstSpace => false;

    public override int[] Encode(IReadOnlyList<TextSegment> segments, bool addSpecial)
    {
        ArgumentNullException.ThrowIfNull(segments);
        using JoinedText joined = JoinedText.Join(segments);
        TokenBuffer output = new((joined.Bytes.Length / 3) + 8);
        try
        {
            if (addSpecial)
            {
                AddPrefix(ref output);
            }

            EncodeJoined(joined.Bytes, new TrustedRanges(joined.Ranges), ref output);
            if (addSpecial)
            {
                AddSuffix(ref output);
            }

            return output.ToArray();
        }
        finally
        {
            output.Dispose();
        }
    }

    public override ReadOnlySpan<byte> GetBytes(int token)
    {
        CheckRange(token);
        return _bytes[token];
    }

    public override bool IsControl(int token)
    {
        CheckRange(token);
        return Vocabulary.IsControl(token);
    }

    public override int? Find(string text) => Vocabulary.Find(text);

    public override string Decode(IEnumerable<int> tokens, bool renderSpecial)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArrayBufferWriter<byte> bytes = new(256);
        bool first = DropsFirstSpace;
        foreach (int token in tokens)
        {
            bytes.Write(ShownBytes(token, renderSpecial, ref first));
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    public override TokenStreamDecoder CreateStreamDecoder(bool renderSpecial) => new Utf8StreamDecoder(this, renderSpecial);

    /// <summary>The bytes that a token adds to shown text.</summary>
    /// <param name="dropsSpace">True until the first token that shows something, if its leading space is to be dropped.</param>
    internal ReadOnlySpan<byte> ShownBytes(int token, bool renderSpecial, ref bool dropsSpace)
    {
        ReadOnlySpan<byte> bytes = GetBytes(token);
        if (bytes.IsEmpty || (!renderSpecial && Vocabulary.IsControl(token)))
        {
            return [];
        }

        bool drop = dropsSpace && bytes[0] == (byte)' ';
        dropsSpace = false;
        return drop ? bytes[1..] : bytes;
    }

    internal bool StartsWithDroppedSpace => DropsFirstSpace;

    /// <summary>Encodes text that has no special tokens in it.</summary>
    /// <param name="startsText">Whether the text is the first, or follows a special token.</param>
    protected abstract void EncodeText(ReadOnlySpan<byte> text, bool startsText, ref TokenBuffer output);

    protected virtual void AddPrefix(ref TokenBuffer output)
    {
        if (AddsBos && BosToken is int bos)
        {
            output.Add(bos);
        }
    }

    protected abstract void AddSuffix(ref TokenBuffer output);

    private void EncodeJoined(ReadOnlySpan<byte> text, TrustedRanges trust, ref TokenBuffer output)
    {
        int at = 0;
        bool startsText = true;
        while (_specials.FindNext(text, at, ref trust, out int start, out int length, out int token))
        {
            ReadOnlySpan<byte> before = text[at..start];
            if (_specials.StripsLeft(token))
            {
                before = before.TrimEnd(AsciiSpaces);
            }

            if (!before.IsEmpty)
            {
                EncodeText(before, startsText, ref output);
            }

            output.Add(token);
            startsText = true;
            at = start + length;
            if (_specials.StripsRight(token))
            {
                at = text.Length - text[at..].TrimStart(AsciiSpaces).Length;
            }
        }

        if (at < text.Length)
        {
            EncodeText(text[at..], startsText, ref output);
        }
    }

    private void CheckRange(int token)
    {
        if ((uint)token >= (uint)Vocabulary.Count)
        {
            throw new ArgumentOutOfRangeException(nameof(token), token, $"the vocabulary has {Vocabulary.Count} tokens");
        }
    }
}
