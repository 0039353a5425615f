using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Tiercel.Gateway.Upstreams.Scanning;

/// <summary>
/// Walks over JSON in one direction. It checks all of it (the test: it accepts what <see cref="Utf8JsonReader"/> accepts), and jumps over strings with vector
/// instructions, escapes or not: prompts are nearly all string. A fault is sticky; everything fails after it.
/// </summary>
internal ref struct JsonCursor(ReadOnlySpan<byte> json)
{
    public const int MaxDepth = 256;

    private static readonly SearchValues<byte> StringStops = SearchValues.Create([.. Enumerable.Range(0, 32).Select(code => (byte)code), (byte)'"', (byte)'\\']);
    private readonly ReadOnlySpan<byte> _json = json;
    private int _position;

    /// <summary>Where it stands; after a fault, where that is.</summary>
    public readonly int Position => _position;

    public bool Failed { get; private set; }

    /// <summary>It failed because values are nested deeper than <see cref="MaxDepth"/>, which is no fault of their syntax.</summary>
    public bool IsTooDeep { get; private set; }

    /// <summary>The first byte of what comes next, 0 at the end.</summary>
    public byte Peek()
    {
        while ((uint)_position < (uint)_json.Length)
        {
            byte next = _json[_position];
            if (next > ' ' || next is not ((byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t'))
            {
                return next;
            }

            _position++;
        }

        return 0;
    }

    /// <summary>Whether nothing but white space is left.</summary>
    public bool IsAtEnd() => !Failed && Peek() == 0 && _position == _json.Length;

    /// <summary>Enters an object or an array.</summary>
    public bool Enter(byte open) => Take(open);

    /// <summary>Goes to the value of the next property.</summary>
    /// <param name="isFirst">True before the first; set to false.</param>
    /// <param name="name">Its name, unescaped.</param>
    /// <returns>False behind the object's end, and after a fault.</returns>
    public bool NextProperty(ref bool isFirst, out ReadOnlySpan<byte> name)
    {
        name = default;
        if (!Next(ref isFirst, (byte)'}') || !ReadString(out ByteRange range, out bool isEscaped) || !Take((byte)':'))
        {
            return false;
        }

        name = _json.Slice(range.Start + 1, range.Length - 2);
        if (isEscaped)
        {
            name = Unescape(range) is string text ? Encoding.UTF8.GetBytes(text) : default;
        }

        return !Failed;
    }

    /// <summary>Goes to the next element.</summary>
    /// <returns>False behind the array's end, and after a fault.</returns>
    public bool NextElement(ref bool isFirst) => Next(ref isFirst, (byte)']');

    /// <summary>Takes a string; the range is with its quotes.</summary>
    public bool ReadString(out ByteRange range, out bool isEscaped)
    {
        isEscaped = false;
        range = default;
        if (Peek() != '"' || Failed)
        {
            return Fail();
        }

        int start = _position++;
        while (true)
        {
            int stop = _json[_position..].IndexOfAny(StringStops);
            if (stop < 0)
            {
                _position = _json.Length;
                return Fail();
            }

            _position += stop;
            byte found = _json[_position];
            if (found == '"')
            {
                _position++;
                range = new ByteRange(start, _position - start);
                return true;
            }

            isEscaped = true;
            if (found != '\\' || !SkipEscape())
            {
                return Fail();
            }
        }
    }

    /// <summary>Takes a string as text; null (with a fault) when there is none or its escapes make no text.</summary>
    public string? ReadText()
    {
        if (!ReadString(out ByteRange range, out bool isEscaped))
        {
            return null;
        }

        if (isEscaped)
        {
            return Unescape(range);
        }

        ReadOnlySpan<byte> bytes = _json.Slice(range.Start + 1, range.Length - 2);
        if (System.Text.Unicode.Utf8.IsValid(bytes))
        {
            return Encoding.UTF8.GetString(bytes);
        }

        _ = Fail();
        return null;
    }

    /// <summary>Takes a value, whatever it is.</summary>
    public ByteRange Skip()
    {
        _ = Peek();
        int start = _position;
        return SkipValue() ? new ByteRange(start, _position - start) : default;
    }

    public readonly ReadOnlySpan<byte> Bytes(ByteRange range) => _json.Slice(range.Start, range.Length);

    /// <summary>Takes a value and gives its bytes.</summary>
    public ReadOnlySpan<byte> SkipBytes()
    {
        ByteRange range = Skip();
        return _json.Slice(range.Start, range.Length);
    }

    private static bool IsDigit(byte value) => value is >= (byte)'0' and <= (byte)'9';

    private bool Fail()
    {
        Failed = true;
        return false;
    }

    private bool Take(byte what)
    {
        if (Failed || Peek() != what)
        {
            return Fail();
        }

        _position++;
        return true;
    }

    private bool Next(ref bool isFirst, byte close)
    {
        if (Failed)
        {
            return false;
        }

        byte next = Peek();
        if (next == close)
        {
            _position++;
            return false;
        }

        if (isFirst)
        {
            isFirst = false;
            return true;
        }

        return Take((byte)',');
    }

    private bool SkipEscape()
    {
        // _position is at the backslash.
        if (_position + 1 >= _json.Length)
        {
            return false;
        }

        byte kind = _json[_position + 1];
        if (kind == 'u')
        {
            if (_position + 6 > _json.Length || !char.IsAsciiHexDigit((char)_json[_position + 2]) || !char.IsAsciiHexDigit((char)_json[_position + 3])
                || !char.IsAsciiHexDigit((char)_json[_position + 4]) || !char.IsAsciiHexDigit((char)_json[_position + 5]))
            {
                return false;
            }

            _position += 6;
            return true;
        }

        _position += 2;
        return kind is (byte)'n' or (byte)'"' or (byte)'\\' or (byte)'t' or (byte)'r' or (byte)'/' or (byte)'b' or (byte)'f';
    }

    private string? Unescape(ByteRange range)
    {
        Utf8JsonReader reader = new(_json.Slice(range.Start, range.Length));
        try
        {
            _ = reader.Read();
            return reader.GetString();
        }
        catch (Exception error) when (error is InvalidOperationException or JsonException)
        {
            // Half of a surrogate pair, or bytes that are no text.
            _ = Fail();
            return null;
        }
    }

    private bool SkipValue()
    {
        if (Failed)
        {
            return false;
        }

        // A bit for each open level: 1 for an object.
        Span<ulong> levels = stackalloc ulong[MaxDepth / 64];
        int depth = 0;
        while (true)
        {
            byte next = Peek();
            if (next is (byte)'{' or (byte)'[')
            {
                if (!Open(next, levels, ref depth, out bool isEmpty))
                {
                    return false;
                }

                if (!isEmpty)
                {
                    continue;
                }
            }
            else if (!(next == '"' ? ReadString(out _, out _) : SkipLiteral(next)))
            {
                return Fail();
            }

            if (!CloseOrGoOn(levels, ref depth))
            {
                return false;
            }

            if (depth == 0)
            {
                return true;
            }
        }
    }

    private bool Open(byte open, scoped Span<ulong> levels, ref int depth, out bool isEmpty)
    {
        isEmpty = false;
        if (depth == MaxDepth)
        {
            IsTooDeep = true;
            return Fail();
        }

        _position++;
        bool isObject = open == '{';
        if (Peek() == (isObject ? '}' : ']'))
        {
            _position++;
            isEmpty = true;
            return true;
        }

        ulong bit = 1UL << (depth & 63);
        levels[depth >> 6] = isObject ? levels[depth >> 6] | bit : levels[depth >> 6] & ~bit;
        depth++;
        return !isObject || SkipName();
    }

    /// <summary>Behind a value: closes what ends here, or goes to the next value.</summary>
    private bool CloseOrGoOn(scoped ReadOnlySpan<ulong> levels, ref int depth)
    {
        while (depth > 0)
        {
            bool isObject = (levels[(depth - 1) >> 6] >> ((depth - 1) & 63) & 1) != 0;
            byte next = Peek();
            if (next == ',')
            {
                _position++;
                return !isObject || SkipName();
            }

            if (next != (isObject ? '}' : ']'))
            {
                return Fail();
            }

            _position++;
            depth--;
        }

        return true;
    }

    private bool SkipName() => ReadString(out _, out _) && Take((byte)':');

    private bool SkipLiteral(byte first)
    {
        ReadOnlySpan<byte> rest = _json[_position..];
        int length = first switch
        {
            (byte)'t' when rest.StartsWith("true"u8) => 4,
            (byte)'f' when rest.StartsWith("false"u8) => 5,
            (byte)'n' when rest.StartsWith("null"u8) => 4,
            (byte)'-' => NumberLength(rest),
            _ => IsDigit(first) ? NumberLength(rest) : 0,
        };
        _position += length;
        return length > 0;
    }

    private static int NumberLength(ReadOnlySpan<byte> rest)
    {
        int at = rest[0] == '-' ? 1 : 0;
        int whole = Digits(rest, at);
        if (whole == 0 || (whole > 1 && rest[at] == '0'))
        {
            return 0;
        }

        at += whole;
        if (at < rest.Length && rest[at] == '.')
        {
            int fraction = Digits(rest, at + 1);
            if (fraction == 0)
            {
                return 0;
            }

            at += 1 + fraction;
        }

        if (at < rest.Length && rest[at] is (byte)'e' or (byte)'E')
        {
            at++;
            if (at < rest.Length && rest[at] is (byte)'+' or (byte)'-')
            {
                at++;
            }

            int exponent = Digits(rest, at);
            if (exponent == 0)
            {
                return 0;
            }

            at += exponent;
        }

        return at;
    }

    private static int Digits(ReadOnlySpan<byte> bytes, int from)
    {
        int at = from;
        while (at < bytes.Length && IsDigit(bytes[at]))
        {
            at++;
        }

        return at - from;
    }
}
