using System.Globalization;
using System.Text;

namespace Tiercel.Engine.Templates.Values;

/// <summary>Writes a string as Python's <c>repr()</c> does.</summary>
internal static class QuotedText
{
    public static void Write(TextValue text, TextBuilder output)
    {
        bool trusted = text.IsTrusted;
        char quote = text.Text.Contains('\'') && !text.Text.Contains('"') ? '"' : '\'';
        output.Append(quote, trusted);
        int run = 0;
        for (int i = 0; i < text.Text.Length;)
        {
            Rune.DecodeFromUtf16(text.Text.AsSpan(i), out Rune rune, out int length);
            bool isTrusted = text.IsTrustedAt(i, ref run);
            string? escaped = Escape(text.Text[i], rune, quote);
            if (escaped is null)
            {
                output.Append(text, i, length);
            }
            else
            {
                output.Append(escaped, isTrusted);
            }

            i += length;
        }

        output.Append(quote, trusted);
    }

    private static string? Escape(char unit, Rune rune, char quote)
    {
        if (unit == quote || unit == '\\')
        {
            return "\\" + unit;
        }

        string? known = unit switch { '\n' => "\\n", '\r' => "\\r", '\t' => "\\t", _ => null };
        if (known is not null || IsPrintable(unit, rune))
        {
            return known;
        }

        // Half of a surrogate pair decodes to U+FFFD, which is printable; Python shows the half itself.
        int code = char.IsSurrogate(unit) && rune.Value == 0xFFFD ? unit : rune.Value;
        return code switch
        {
            < 0x100 => $"\\x{code:x2}",
            < 0x10000 => $"\\u{code:x4}",
            _ => $"\\U{code:x8}",
        };
    }

    private static bool IsPrintable(char unit, Rune rune)
    {
        if (rune.IsAscii)
        {
            return rune.Value is >= 0x20 and < 0x7F;
        }

        if (char.IsSurrogate(unit) && rune.Value == 0xFFFD)
        {
            return false;
        }

        return Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
            or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);
    }
}
