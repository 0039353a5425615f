using System.Globalization;
using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Builtins;

/// <summary>
/// The filter <c>tojson</c>: Python's <c>json.dumps</c>, letter by letter, as chat templates have it: not escaped for HTML, keys in their order, letters
/// beyond ASCII as they are. Models were trained on exactly this text.
/// </summary>
internal sealed class JsonText
{
    private readonly TextBuilder _output;
    private readonly bool _asciiOnly;
    private readonly bool _sortKeys;
    private readonly string? _indent;
    private readonly TextValue _itemSeparator;
    private readonly TextValue _keySeparator;

    private JsonText(TextBuilder output, BoundArguments bound)
    {
        _output = output;
        _asciiOnly = bound.Flag(0);
        _indent = bound.Optional(1) switch
        {
            null => null,
            TextValue text => text.Text,
            Value width => new string(' ', Math.Clamp(bound.Integer(width), 0, 64)),
        };
        _sortKeys = bound.Flag(3);
        _itemSeparator = TextValue.Trusted(_indent is null ? ", " : ",");
        _keySeparator = TextValue.Trusted(": ");
        if (bound.Optional(2) is Value separators)
        {
            IReadOnlyList<Value> pair = separators.RequireElements(output.Run);
            if (pair is not [TextValue item, TextValue key])
            {
                throw new ChatTemplateException("tojson() needs two strings as separators");
            }

            _itemSeparator = item;
            _keySeparator = key;
        }
    }

    public static Value Filter(Execution run, Value input, CallArguments arguments)
    {
        JsonText writer = new(new TextBuilder(run), arguments.Bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys"));
        writer.Write(input, isTrusted: true, level: 0);
        return writer._output.ToText();
    }

    /// <summary>Writes a value; numbers and words are as trusted as the container they stand in.</summary>
    private void Write(Value value, bool isTrusted, int level)
    {
        _output.Run.Descend();
        switch (value)
        {
            case TextValue text:
                WriteText(text, isTrusted && text.IsTrusted);
                break;
            case DictValue dict:
                WriteDict(dict, isTrusted && dict.IsTrusted, level);
                break;
            case SequenceValue { HasPositions: true } sequence:
                WriteList(sequence, isTrusted && sequence.IsTrusted, level);
                break;
            case UndefinedValue undefined:
                throw undefined.Error();
            default:
                _output.Append(Scalar(value) ?? throw new ChatTemplateException($"'{value.TypeName}' cannot be written as JSON"), isTrusted);
                break;
        }

        _output.Run.Ascend();
    }

    private static string? Scalar(Value value) => value switch
    {
        NoneValue => "null",
        BoolValue boolean => boolean.IsTrue ? "true" : "false",
        IntegerValue integer => integer.Number.ToString(CultureInfo.InvariantCulture),
        FloatValue { Number: double number } => double.IsNaN(number) ? "NaN"
            : double.IsInfinity(number) ? (number > 0 ? "Infinity" : "-Infinity") : FloatValue.Format(number),
        _ => null,
    };

    private void WriteDict(DictValue dict, bool isTrusted, int level)
    {
        _output.Append('{', isTrusted);
        IEnumerable<KeyValuePair<Value, Value>> entries = dict.Entries;
        if (_sortKeys)
        {
            entries = Sorting.Sort(_output.Run, [.. entries], entry => entry.Key, isReversed: false);
        }

        bool first = true;
        foreach ((Value key, Value value) in entries)
        {
            WriteBreak(ref first, isTrusted, level + 1);
            TextValue name = key as TextValue ?? TextValue.Trusted(Scalar(key) ?? throw new ChatTemplateException($"a '{key.TypeName}' cannot be a JSON key"));
            WriteText(name, isTrusted && name.IsTrusted);
            Append(_keySeparator, isTrusted);
            Write(value, isTrusted, level + 1);
        }

        WriteEnd(first, isTrusted, level);
        _output.Append('}', isTrusted);
    }

    private void WriteList(SequenceValue sequence, bool isTrusted, int level)
    {
        _output.Append('[', isTrusted);
        bool first = true;
        foreach (Value item in sequence.Items)
        {
            WriteBreak(ref first, isTrusted, level + 1);
            Write(item, isTrusted, level + 1);
        }

        WriteEnd(first, isTrusted, level);
        _output.Append(']', isTrusted);
    }

    private void WriteBreak(ref bool first, bool isTrusted, int level)
    {
        if (!first)
        {
            Append(_itemSeparator, isTrusted);
        }

        first = false;
        WriteIndent(isTrusted, level);
    }

    private void WriteEnd(bool isEmpty, bool isTrusted, int level)
    {
        if (!isEmpty)
        {
            WriteIndent(isTrusted, level);
        }
    }

    private void WriteIndent(bool isTrusted, int level)
    {
        if (_indent is null)
        {
            return;
        }

        _output.Append('\n', isTrusted);
        for (int i = 0; i < level; i++)
        {
            _output.Append(_indent, isTrusted);
        }
    }

    private void Append(TextValue text, bool isTrusted) => _output.Append(text.Text, isTrusted && text.IsTrusted);

    private void WriteText(TextValue text, bool isTrusted)
    {
        _output.Append('"', isTrusted);
        string source = text.Text;
        int run = 0;
        int start = 0;
        for (int i = 0; i < source.Length; i++)
        {
            char c = source[i];
            if (c >= ' ' && c is not ('"' or '\\') && (!_asciiOnly || c < 0x7F))
            {
                continue;
            }

            _output.Append(text, start, i - start);
            _output.Append(Escape(c), text.IsTrustedAt(i, ref run));
            start = i + 1;
        }

        _output.Append(text, start, source.Length - start);
        _output.Append('"', isTrusted);
    }

    private static string Escape(char c) => c switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\b' => "\\b",
        '\f' => "\\f",
        _ => $"\\u{(int)c:x4}",
    };
}
