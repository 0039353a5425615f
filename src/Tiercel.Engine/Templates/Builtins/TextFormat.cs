using System.Globalization;
using System.Numerics;
using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Builtins;

/// <summary>Python's <c>format % values</c> for <c>%s %r %d %i %f %e %g %x %o %c %%</c>, with flags, width and precision.</summary>
internal sealed class TextFormat
{
    private const int MaxWidth = 4096;

    private readonly TextValue _format;
    private readonly Value _values;
    private readonly List<Value> _items;
    private readonly TextBuilder _output;
    private int _next;
    private int _position;

    private TextFormat(Execution run, TextValue format, Value values)
    {
        _format = format;
        _values = values;
        _items = values is SequenceValue { Kind: SequenceKind.Tuple } tuple ? tuple.Items : [values];
        _output = new TextBuilder(run);
    }

    public static TextValue Apply(Execution run, TextValue format, Value values)
    {
        TextFormat formatter = new(run, format, values);
        formatter.Run();
        return formatter._output.ToText();
    }

    private void Run()
    {
        string text = _format.Text;
        while (_position < text.Length)
        {
            int percent = text.IndexOf('%', _position);
            percent = percent < 0 ? text.Length : percent;
            _output.Append(_format, _position, percent - _position);
            _position = percent + 1;
            if (percent < text.Length)
            {
                _output.Run.Step();
                WriteField();
            }
        }

        if (_next < _items.Count && _values is not DictValue)
        {
            throw new ChatTemplateException("not all arguments were used by the format");
        }
    }

    private void WriteField()
    {
        Value? named = ReadName();
        string flags = "";
        while ("-+ 0#".Contains(Peek()))
        {
            char flag = Take();
            flags += flags.Contains(flag) ? "" : flag;
        }

        int width = ReadNumber();
        int precision = -1;
        if (Peek() == '.')
        {
            Take();
            precision = ReadNumber();
        }

        char conversion = Take();
        if (conversion == '%')
        {
            _output.Append('%', _format.IsTrusted);
            return;
        }

        Value value = named ?? (_next < _items.Count ? _items[_next++] : throw new ChatTemplateException("the format has more fields than arguments"));
        TextValue field = Convert(value, conversion, precision, flags);
        bool isLeft = flags.Contains('-');
        bool isZero = flags.Contains('0') && !isLeft && conversion is not ('s' or 'r' or 'c');
        int sign = isZero && field.Text.Length > 0 && field.Text[0] is '-' or '+' ? 1 : 0;
        _output.Append(field, 0, sign);
        if (!isLeft)
        {
            _output.Append(new string(isZero ? '0' : ' ', Math.Max(0, width - field.Text.Length)), isTrusted: true);
        }

        _output.Append(field, sign, field.Text.Length - sign);
        if (isLeft)
        {
            _output.Append(new string(' ', Math.Max(0, width - field.Text.Length)), isTrusted: true);
        }
    }

    private Value? ReadName()
    {
        if (Peek() != '(')
        {
            return null;
        }

        int end = _format.Text.IndexOf(')', _position);
        if (end < 0 || _values is not DictValue dict)
        {
            throw new ChatTemplateException("the format needs a mapping");
        }

        string name = _format.Text[(_position + 1)..end];
        _position = end + 1;
        return dict.Find(name) ?? throw new ChatTemplateException($"the format's mapping has no '{name}'");
    }

    private TextValue Convert(Value value, char conversion, int precision, string flags)
    {
        Execution run = _output.Run;
        switch (conversion)
        {
            case 's':
                return Cut(value.ToText(run), precision);
            case 'r':
                TextBuilder quoted = new(run);
                value.PrintQuoted(quoted);
                return Cut(quoted.ToText(), precision);
            case 'c' when value is TextValue text && text.CountCharacters(run) == 1:
                return text;
            case 'd' or 'i' or 'u' or 'x' or 'X' or 'o':
                return TextValue.Trusted(Signed(Whole(Number(value, conversion), conversion), flags));
            case 'f' or 'F' or 'e' or 'E' or 'g' or 'G':
                return TextValue.Trusted(Signed(Real(Number(value, conversion), conversion, precision < 0 ? 6 : precision), flags));
            default:
                throw new ChatTemplateException($"unsupported format character '{conversion}'");
        }
    }

    private TextValue Cut(TextValue text, int precision) =>
        precision < 0 ? text : text.SliceCharacters(new SliceBounds(0, precision, null), _output.Run);

    private static Value Number(Value value, char conversion) =>
        Numbers.Real(value) is null ? throw new ChatTemplateException($"%{conversion} needs a number, not '{value.TypeName}'") : value;

    private static string Whole(Value value, char conversion)
    {
        BigInteger number = Numbers.Whole(value) ?? new BigInteger(Math.Truncate(Numbers.Real(value) ?? 0));
        BigInteger size = BigInteger.Abs(number);
        string digits = conversion switch
        {
            'x' => size.ToString("x", CultureInfo.InvariantCulture).TrimStart('0'),
            'X' => size.ToString("X", CultureInfo.InvariantCulture).TrimStart('0'),
            'o' => Octal(size),
            _ => size.ToString(CultureInfo.InvariantCulture),
        };
        return (number.Sign < 0 ? "-" : "") + (digits.Length == 0 ? "0" : digits);
    }

    private static string Octal(BigInteger number)
    {
        string digits = "";
        for (BigInteger rest = number; !rest.IsZero; rest >>= 3)
        {
            digits = (char)('0' + (int)(rest & 7)) + digits;
        }

        return digits;
    }

    private static string Real(Value value, char conversion, int precision)
    {
        double number = Numbers.Real(value) ?? 0;
        string digits = precision.ToString(CultureInfo.InvariantCulture);
        if (!double.IsFinite(number))
        {
            return FloatValue.Format(number);
        }

        return char.ToLowerInvariant(conversion) switch
        {
            'f' => number.ToString("F" + digits, CultureInfo.InvariantCulture),
            'e' => number.ToString((precision == 0 ? "0" : "0." + new string('0', precision)) + (conversion == 'e' ? "e+00" : "E+00"), CultureInfo.InvariantCulture),
            _ => General(number, Math.Max(1, precision)),
        };
    }

    private static string General(double number, int precision)
    {
        string shape = number.ToString("E" + (precision - 1).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        int exponent = int.Parse(shape.AsSpan(shape.IndexOf('E') + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string pattern = precision == 1 ? "0" : "0." + new string('#', precision - 1);
        return exponent < -4 || exponent >= precision
            ? number.ToString(pattern + "e+00", CultureInfo.InvariantCulture)
            : number.ToString("0." + new string('#', Math.Max(0, precision - 1 - exponent)), CultureInfo.InvariantCulture);
    }

    private static string Signed(string digits, string flags) =>
        digits.StartsWith('-') ? digits : flags.Contains('+') ? "+" + digits : flags.Contains(' ') ? " " + digits : digits;

    private int ReadNumber()
    {
        int number = 0;
        while (char.IsAsciiDigit(Peek()))
        {
            number = (number * 10) + Take() - '0';
            if (number > MaxWidth)
            {
                throw new ChatTemplateException($"a format field is wider than {MaxWidth}");
            }
        }

        return number;
    }

    private char Peek() => _position < _format.Text.Length ? _format.Text[_position] : '\0';

    private char Take() => _position < _format.Text.Length ? _format.Text[_position++] : throw new ChatTemplateException("the format ends in the middle of a field");
}
