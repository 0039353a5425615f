using System.Globalization;

namespace Tiercel.Engine.Tokenization.Splitting;

/// <summary>
/// Classes of code points, read from UTF-8. The text must be well-formed: tokenizers get theirs from .NET's encoder, which writes nothing else.
/// </summary>
internal static class CodePoints
{
    public const byte Lower = 1;       // Ll
    public const byte Upper = 2;       // Lu, Lt
    public const byte OtherLetter = 4; // Lm, Lo
    public const byte Letter = Lower | Upper | OtherLetter;
    public const byte Mark = 8;        // M
    public const byte Number = 16;     // N
    public const byte Space = 32;      // white space (\s), which no other class contains
    public const byte Punctuation = 64;
    public const byte Symbol = 128;

    /// <summary>One byte for each code point of the basic plane; the others are asked for when they occur.</summary>
    private static readonly byte[] BasicPlane = BuildBasicPlane();

    public static byte ClassOf(int codePoint) => codePoint < 0x10000 ? BasicPlane[codePoint] : Classify(codePoint);

    /// <summary>The class at a position, and the length of the code point there in bytes.</summary>
    public static byte ClassAt(ReadOnlySpan<byte> text, int at, out int length)
    {
        byte first = text[at];
        if (first < 0x80)
        {
            length = 1;
            return BasicPlane[first];
        }

        return ClassOf(Decode(text, at, out length));
    }

    /// <summary>The class at a position, or 0 at the end of the text.</summary>
    public static byte ClassAtOrNone(ReadOnlySpan<byte> text, int at) => at < text.Length ? ClassAt(text, at, out _) : (byte)0;

    /// <summary>The first position at or after <paramref name="at"/> whose class has none of <paramref name="classes"/>.</summary>
    public static int SkipAny(ReadOnlySpan<byte> text, int at, byte classes)
    {
        byte[] plane = BasicPlane;
        while ((uint)at < (uint)text.Length)
        {
            byte first = text[at];
            if (first < 0x80)
            {
                if ((plane[first] & classes) == 0)
                {
                    break;
                }

                at++;
            }
            else
            {
                if ((ClassOf(Decode(text, at, out int length)) & classes) == 0)
                {
                    break;
                }

                at += length;
            }
        }

        return at;
    }

    /// <summary>The first position at or after <paramref name="at"/> whose class has one of <paramref name="classes"/>.</summary>
    public static int SkipOthers(ReadOnlySpan<byte> text, int at, byte classes)
    {
        byte[] plane = BasicPlane;
        while ((uint)at < (uint)text.Length)
        {
            byte first = text[at];
            if (first < 0x80)
            {
                if ((plane[first] & classes) != 0)
                {
                    break;
                }

                at++;
            }
            else
            {
                if ((ClassOf(Decode(text, at, out int length)) & classes) != 0)
                {
                    break;
                }

                at += length;
            }
        }

        return at;
    }

    /// <summary>Bytes of the code point that begins at a position.</summary>
    public static int LengthAt(ReadOnlySpan<byte> text, int at) => text[at] switch
    {
        < 0xC0 => 1,
        < 0xE0 => 2,
        < 0xF0 => 3,
        _ => 4,
    };

    public static int Decode(ReadOnlySpan<byte> text, int at, out int length)
    {
        int first = text[at];
        switch (first)
        {
            case < 0x80:
                length = 1;
                return first;
            case < 0xE0:
                length = 2;
                return ((first & 0x1F) << 6) | (text[at + 1] & 0x3F);
            case < 0xF0:
                length = 3;
                return ((first & 0x0F) << 12) | ((text[at + 1] & 0x3F) << 6) | (text[at + 2] & 0x3F);
            default:
                length = 4;
                return ((first & 0x07) << 18) | ((text[at + 1] & 0x3F) << 12) | ((text[at + 2] & 0x3F) << 6) | (text[at + 3] & 0x3F);
        }
    }

    private static byte[] BuildBasicPlane()
    {
        byte[] classes = new byte[0x10000];
        for (int codePoint = 0; codePoint < classes.Length; codePoint++)
        {
            classes[codePoint] = char.IsWhiteSpace((char)codePoint) ? Space : Classify(codePoint);
        }

        return classes;
    }

    private static byte Classify(int codePoint) => CharUnicodeInfo.GetUnicodeCategory(codePoint) switch
    {
        UnicodeCategory.LowercaseLetter => Lower,
        UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => Upper,
        UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => OtherLetter,
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => Mark,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Number,
        UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => Space,
        UnicodeCategory.ConnectorPunctuation or UnicodeCategory.DashPunctuation or UnicodeCategory.OpenPunctuation
            or UnicodeCategory.ClosePunctuation or UnicodeCategory.InitialQuotePunctuation or UnicodeCategory.FinalQuotePunctuation
            or UnicodeCategory.OtherPunctuation => Punctuation,
        UnicodeCategory.MathSymbol or UnicodeCategory.CurrencySymbol or UnicodeCategory.ModifierSymbol or UnicodeCategory.OtherSymbol => Symbol,
        _ => 0,
    };
}
