using System.Globalization;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary>
/// Splits a template into text and the tokens of its tags. Whitespace follows Jinja with trim_blocks and lstrip_blocks: the newline after a
/// block tag and the indent before it vanish; a minus sign in a tag takes all whitespace on its side, a plus sign keeps it.
/// </summary>
internal sealed class Lexer
{
    private const int MaxNameLength = 256;

    /// <summary>Longer ones first, so that none is taken for the start of another.</summary>
    private static readonly string[] Operators =
    [
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "*", "/", "%", "~", "[", "]", "(", ")", "{", "}", "<", ">", "=", ".", ":", "|", ",", ";",
    ];

    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private int _position;
    private int _line = 1;
    private bool _atLineStart = true;

    private Lexer(string source)
    {
        string text = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        // One newline at the very end is an editor's, not the template's.
        _source = text.EndsWith('\n') ? text[..^1] : text;
    }

    public static List<Token> Tokenize(string source)
    {
        Lexer lexer = new(source);
        lexer.Run();
        return lexer._tokens;
    }

    private void Run()
    {
        while (_position < _source.Length)
        {
            int tag = FindTag(_position);
            if (tag < 0)
            {
                AddData(_source.Length);
                Advance(_source.Length);
                break;
            }

            char kind = _source[tag + 1];
            char sign = tag + 2 < _source.Length && _source[tag + 2] is '-' or '+' ? _source[tag + 2] : '\0';
            AddData(DataEnd(tag, kind, sign));
            Advance(tag + (sign == '\0' ? 2 : 3));
            switch (kind)
            {
                case '#':
                    SkipComment();
                    break;
                case '%' when RawLength() is int length:
                    Advance(_position + length);
                    ReadRaw();
                    break;
                default:
                    ReadTag(kind);
                    break;
            }

            _atLineStart = _source[_position - 1] == '\n';
        }

        _tokens.Add(new Token(TokenKind.End, "", _line));
    }

    private int FindTag(int from)
    {
        for (int i = _source.IndexOf('{', from); i >= 0 && i + 1 < _source.Length; i = _source.IndexOf('{', i + 1))
        {
            if (_source[i + 1] is '{' or '%' or '#')
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Where the text before a tag ends once the tag has taken its whitespace.</summary>
    private int DataEnd(int tag, char kind, char sign)
    {
        int end = tag;
        if (sign == '-')
        {
            while (end > _position && IsSpace(_source[end - 1]))
            {
                end--;
            }
        }
        else if (sign == '\0' && kind != '{')
        {
            while (end > _position && _source[end - 1] != '\n' && IsSpace(_source[end - 1]))
            {
                end--;
            }

            bool indentOnly = end > _position ? _source[end - 1] == '\n' : _atLineStart;
            end = indentOnly ? end : tag;
        }

        return end;
    }

    private void AddData(int end)
    {
        if (end > _position)
        {
            _tokens.Add(new Token(TokenKind.Data, _source[_position..end], _line));
        }
    }

    private void SkipComment()
    {
        int end = _source.IndexOf("#}", _position, StringComparison.Ordinal);
        if (end < 0)
        {
            throw Error("a comment is not closed");
        }

        char before = end > _position ? _source[end - 1] : '\0';
        Advance(end + 2);
        SkipAfterTag(before);
    }

    /// <summary>After a block or comment: nothing after a plus, all whitespace after a minus, else one newline.</summary>
    private void SkipAfterTag(char sign)
    {
        int end = _position;
        if (sign == '-')
        {
            while (end < _source.Length && IsSpace(_source[end]))
            {
                end++;
            }
        }
        else if (sign != '+' && end < _source.Length && _source[end] == '\n')
        {
            end++;
        }

        Advance(end);
    }

    /// <summary>The length of the rest of a raw tag at the current position, or null when the tag is another.</summary>
    private int? RawLength()
    {
        int end = SkipSpace(_position);
        if (string.CompareOrdinal(_source, end, "raw", 0, 3) != 0)
        {
            return null;
        }

        end = SkipSpace(end + 3);
        bool strips = end < _source.Length && _source[end] == '-';
        end += strips ? 1 : 0;
        if (string.CompareOrdinal(_source, end, "%}", 0, 2) != 0)
        {
            return null;
        }

        return (strips ? SkipSpace(end + 2) : end + 2) - _position;
    }

    private void ReadRaw()
    {
        for (int tag = _position; (tag = _source.IndexOf("{%", tag, StringComparison.Ordinal)) >= 0; tag += 2)
        {
            char sign = tag + 2 < _source.Length && _source[tag + 2] is '-' or '+' ? _source[tag + 2] : '\0';
            int end = SkipSpace(tag + (sign == '\0' ? 2 : 3));
            if (string.CompareOrdinal(_source, end, "endraw", 0, 6) != 0)
            {
                continue;
            }

            end = SkipSpace(end + 6);
            char closing = end < _source.Length && _source[end] is '-' or '+' ? _source[end] : '\0';
            end += closing == '\0' ? 0 : 1;
            if (string.CompareOrdinal(_source, end, "%}", 0, 2) == 0)
            {
                AddData(DataEnd(tag, '%', sign));
                Advance(end + 2);
                SkipAfterTag(closing);
                return;
            }
        }

        throw Error("a raw block is not closed");
    }

    private void ReadTag(char kind)
    {
        bool isOutput = kind == '{';
        int opened = _line;
        _tokens.Add(new Token(isOutput ? TokenKind.OutputBegin : TokenKind.BlockBegin, "", _line));
        Stack<char> brackets = [];
        while (true)
        {
            Advance(SkipSpace(_position));
            if (_position >= _source.Length)
            {
                throw new ChatTemplateException($"line {opened}: a tag is not closed");
            }

            if (brackets.Count == 0 && TryEndTag(isOutput))
            {
                return;
            }

            ReadToken(brackets);
        }
    }

    private bool TryEndTag(bool isOutput)
    {
        char sign = _source[_position] is '-' || (_source[_position] is '+' && !isOutput) ? _source[_position] : '\0';
        int mark = _position + (sign == '\0' ? 0 : 1);
        if (string.CompareOrdinal(_source, mark, isOutput ? "}}" : "%}", 0, 2) != 0)
        {
            return false;
        }

        _tokens.Add(new Token(isOutput ? TokenKind.OutputEnd : TokenKind.BlockEnd, "", _line));
        Advance(mark + 2);
        if (!isOutput || sign == '-')
        {
            SkipAfterTag(sign);
        }

        return true;
    }

    private void ReadToken(Stack<char> brackets)
    {
        char c = _source[_position];
        if (char.IsLetter(c) || c == '_')
        {
            int end = _position + 1;
            while (end < _source.Length && (char.IsLetterOrDigit(_source[end]) || _source[end] == '_'))
            {
                end++;
            }

            if (end - _position > MaxNameLength)
            {
                throw Error($"a name has more than {MaxNameLength} characters");
            }

            _tokens.Add(new Token(TokenKind.Name, _source[_position..end], _line));
            Advance(end);
        }
        else if (char.IsAsciiDigit(c))
        {
            ReadNumber();
        }
        else if (c is '\'' or '"')
        {
            ReadText(c);
        }
        else
        {
            ReadOperator(brackets);
        }
    }

    private void ReadNumber()
    {
        int end = SkipDigits(_position);
        // After a point, as in a.0.1, digits are positions and no fraction follows them.
        bool afterPoint = _tokens[^1].Is(TokenKind.Operator, ".");
        TokenKind kind = TokenKind.Integer;
        if (!afterPoint && end + 1 < _source.Length && _source[end] == '.' && char.IsAsciiDigit(_source[end + 1]))
        {
            kind = TokenKind.Float;
            end = SkipDigits(end + 1);
        }

        if (!afterPoint && end < _source.Length && _source[end] is 'e' or 'E')
        {
            int exponent = end + 1 < _source.Length && _source[end + 1] is '+' or '-' ? end + 2 : end + 1;
            if (exponent < _source.Length && char.IsAsciiDigit(_source[exponent]))
            {
                kind = TokenKind.Float;
                end = SkipDigits(exponent);
            }
        }

        _tokens.Add(new Token(kind, _source[_position..end].Replace("_", "", StringComparison.Ordinal), _line));
        Advance(end);
    }

    private void ReadText(char quote)
    {
        int end = _position + 1;
        while (end < _source.Length && _source[end] != quote)
        {
            end += _source[end] == '\\' ? 2 : 1;
        }

        if (end >= _source.Length)
        {
            throw Error("a string is not closed");
        }

        _tokens.Add(new Token(TokenKind.Text, TextLiteral.Unescape(_source.AsSpan(_position + 1, end - _position - 1)), _line));
        Advance(end + 1);
    }

    private void ReadOperator(Stack<char> brackets)
    {
        string? known = Array.Find(Operators, text => string.CompareOrdinal(_source, _position, text, 0, text.Length) == 0);
        if (known is null)
        {
            throw Error($"unexpected character '{_source[_position]}'");
        }

        char c = known[0];
        if (c is '(' or '[' or '{')
        {
            brackets.Push(c == '(' ? ')' : c == '[' ? ']' : '}');
        }
        else if (c is ')' or ']' or '}' && (!brackets.TryPop(out char expected) || expected != c))
        {
            throw Error($"unexpected '{c}'");
        }

        _tokens.Add(new Token(TokenKind.Operator, known, _line));
        Advance(_position + known.Length);
    }

    private int SkipDigits(int from)
    {
        int end = from;
        while (end < _source.Length && (char.IsAsciiDigit(_source[end]) || _source[end] == '_'))
        {
            end++;
        }

        return end;
    }

    private int SkipSpace(int from)
    {
        int end = from;
        while (end < _source.Length && IsSpace(_source[end]))
        {
            end++;
        }

        return end;
    }

    private void Advance(int end)
    {
        _line += _source.AsSpan(_position, end - _position).Count('\n');
        _position = end;
    }

    private ChatTemplateException Error(string message) => new(string.Create(CultureInfo.InvariantCulture, $"line {_line}: {message}"));

    private static bool IsSpace(char c) => TextLiteral.IsSpace(c);
}
