using System.Buffers;
using System.Text;
using Tiercel.Engine.Tokenization.Splitting;

namespace Tiercel.Engine.Tokenization.WordPieces;

/// <summary>BERT's normalisation (engines.md 3.5): accents and control characters dropped, lower case, words split at white space, punctuation and ideographs.</summary>
internal ref struct WordNormalizer(ReadOnlySpan<byte> text, bool lowercases, bool stripsAccents)
{
    private readonly ReadOnlySpan<byte> _text = text;
    private int _at;

    /// <summary>Writes the next word as UTF-8; false when there is none.</summary>
    public bool TryRead(ArrayBufferWriter<byte> word)
    {
        word.ResetWrittenCount();
        while (_at < _text.Length)
        {
            int codePoint = CodePoints.Decode(_text, _at, out int length);
            if (stripsAccents)
            {
                codePoint = CanonicalBases.Of(codePoint);
            }

            byte kind = CodePoints.ClassOf(codePoint);
            bool alone = IsAlone(codePoint, kind);
            if (kind == CodePoints.Space || alone)
            {
                if (word.WrittenCount > 0)
                {
                    // A character that is a word of its own is read again, as the next word.
                    return true;
                }

                _at += length;
                if (alone)
                {
                    Append(word, codePoint);
                    return true;
                }

                continue;
            }

            _at += length;
            bool dropped = codePoint is 0 or 0xFFFD || IsControl(codePoint) || (stripsAccents && kind == CodePoints.Mark);
            if (!dropped)
            {
                Append(word, codePoint);
            }
        }

        return word.WrittenCount > 0;
    }

    private static bool IsAlone(int codePoint, byte kind)
        => kind == CodePoints.Punctuation || (codePoint < 0x7F && kind == CodePoints.Symbol) || IsIdeograph(codePoint);

    /// <summary>Characters of category C: control, format, private and unassigned.</summary>
    private static bool IsControl(int codePoint) => System.Globalization.CharUnicodeInfo.GetUnicodeCategory(codePoint)
        is System.Globalization.UnicodeCategory.Control or System.Globalization.UnicodeCategory.Format or System.Globalization.UnicodeCategory.PrivateUse;

    private static bool IsIdeograph(int codePoint) => codePoint is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF)
        or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF)
        or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);

    private readonly void Append(ArrayBufferWriter<byte> word, int codePoint)
    {
        Rune rune = new(codePoint);
        word.Advance((lowercases ? Rune.ToLowerInvariant(rune) : rune).EncodeToUtf8(word.GetSpan(4)));
    }
}
