using System.Globalization;
using System.Text;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary>What Python says about the text of string literals.</summary>
internal static class TextLiteral
{
    /// <summary>Python's <c>str.isspace</c>: Unicode whitespace and the four ASCII separators.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001C' and <= '\u001F';

    /// <summary>Replaces escape sequences; an unknown one stays as it is, backslash included.</summary>
    public static string Unescape(ReadOnlySpan<char> text)
    {
        if (!text.Contains('\\'))
        {
            return text.ToString();
        }

        StringBuilder result = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                result.Append(text[i]);
                continue;
            }

            i++;
            if (text[i] is >= '0' and <= '7')
            {
                i = AppendOctal(text, i, result);
            }
            else if (HexDigits(text[i]) is int digits)
            {
                AppendHex(text, i + 1, digits, result);
                i += digits;
            }
            else
            {
                result.Append(Simple(text[i]) ?? "\\" + text[i]);
            }
        }

        return result.ToString();
    }

    private static int? HexDigits(char c) => c switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => null };

    private static string? Simple(char c) => c switch
    {
        '\n' => "",
        'n' => "\n",
        't' => "\t",
        'r' => "\r",
        'a' => "\a",
        'b' => "\b",
        'f' => "\f",
        'v' => "\v",
        '\\' or '\'' or '"' => c.ToString(),
        _ => null,
    };

    private static int AppendOctal(ReadOnlySpan<char> text, int start, StringBuilder result)
    {
        int end = start;
        int code = 0;
        while (end < text.Length && end < start + 3 && text[end] is >= '0' and <= '7')
        {
            code = (code * 8) + text[end] - '0';
            end++;
        }

        result.Append((char)code);
        return end - 1;
    }

    private static void AppendHex(ReadOnlySpan<char> text, int start, int digits, StringBuilder result)
    {
        if (start + digits > text.Length
            || !uint.TryParse(text.Slice(start, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint code)
            || code > 0x10FFFF)
        {
            throw new ChatTemplateException("a string has a broken escape sequence");
        }

        if (code < 0x10000)
        {
            result.Append((char)code);
        }
        else
        {
            result.Append(new Rune(code));
        }
    }
}
