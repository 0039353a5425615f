using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Syntax;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Builtins;

/// <summary>Filters that take anything as text and give text.</summary>
internal static class TextFilters
{
    public static IEnumerable<KeyValuePair<string, Filter>> All =>
    [
        new("capitalize", Method("capitalize")),
        new("lower", Method("lower")),
        new("upper", Method("upper")),
        new("title", Title),
        new("trim", Trim),
        new("replace", Replace),
        new("center", Center),
        new("indent", Indent),
        new("format", Format),
        new("string", (run, input, arguments) => Plain(run, "string", input, arguments)),
        new("safe", (run, input, arguments) => Plain(run, "safe", input, arguments)),
        new("escape", Escape),
        new("e", Escape),
        new("forceescape", Escape),
        new("wordcount", CountWords),
    ];

    private static Filter Method(string name) => (run, input, arguments) => input.ToText(run).Member(name)!.Call(run, arguments);

    private static TextValue Plain(Execution run, string name, Value input, CallArguments arguments)
    {
        arguments.Bind(name, 0);
        return input.ToText(run);
    }

    private static Value Trim(Execution run, Value input, CallArguments arguments)
    {
        Value chars = arguments.Bind("trim", 0, "chars")[0] ?? NoneValue.Instance;
        return input.ToText(run).Member("strip")!.Call(run, new CallArguments([chars], CallArguments.NoNames));
    }

    private static TextValue Replace(Execution run, Value input, CallArguments arguments)
    {
        BoundArguments bound = arguments.Bind("replace", 2, "old", "new", "count");
        int count = bound.Optional(2) is Value number ? bound.Integer(number) : -1;
        return TextSearch.Replace(run, input.ToText(run), bound.Required(0).ToText(run), bound.Required(1).ToText(run), count);
    }

    private static TextValue Center(Execution run, Value input, CallArguments arguments)
    {
        int width = arguments.Bind("center", 0, "width").Integer(0, 80);
        return TextMethods.Pad(run, input.ToText(run), width, TextValue.Trusted(" "), isLeft: true, isRight: true);
    }

    /// <summary>The first letter of each word large and the others small; words also start after a bracket or a hyphen.</summary>
    private static TextValue Title(Execution run, Value input, CallArguments arguments)
    {
        arguments.Bind("title", 0);
        TextValue text = input.ToText(run);
        char[] letters = text.Text.ToCharArray();
        bool starts = true;
        for (int i = 0; i < letters.Length; i++)
        {
            char c = letters[i];
            letters[i] = starts ? char.ToUpperInvariant(c) : char.ToLowerInvariant(c);
            starts = TextLiteral.IsSpace(c) || "-({[<".Contains(c);
        }

        return text.WithLetters(new string(letters), run);
    }

    private static TextValue Indent(Execution run, Value input, CallArguments arguments)
    {
        BoundArguments bound = arguments.Bind("indent", 0, "width", "first", "blank");
        TextValue margin = bound[0] switch
        {
            null => TextValue.Trusted("    "),
            TextValue given => given,
            Value width => TextValue.Trusted(new string(' ', Math.Clamp(bound.Integer(width), 0, 1024))),
        };
        bool blank = bound.Flag(2);
        TextValue text = input.ToText(run);
        List<TextValue> lines = TextSearch.SplitLines(run, text, keepEnds: false);
        // Jinja adds a line break before it splits, so that one at the very end opens an empty last line.
        if (text.Text.Length == 0 || TextSearch.EndsWithLineBreak(text.Text))
        {
            lines.Add(TextValue.Empty);
        }

        TextBuilder builder = new(run);
        for (int i = 0; i < lines.Count; i++)
        {
            builder.Append(i > 0 ? "\n" : "", isTrusted: true);
            bool isIndented = i == 0 ? bound.Flag(1) : blank || lines[i].Text.Length > 0;
            builder.Append(isIndented ? margin : TextValue.Empty);
            builder.Append(lines[i]);
        }

        return builder.ToText();
    }

    private static TextValue Format(Execution run, Value input, CallArguments arguments)
    {
        if (arguments.Named.Count > 0 && arguments.Positional.Count > 0)
        {
            throw new ChatTemplateException("format() takes positional or named arguments, not both");
        }

        Value values = SequenceValue.Tuple([.. arguments.Positional]);
        if (arguments.Named.Count > 0)
        {
            DictValue named = new();
            foreach ((string name, Value value) in arguments.Named)
            {
                named.Set(name, value);
            }

            values = named;
        }

        return TextFormat.Apply(run, input.ToText(run), values);
    }

    private static TextValue Escape(Execution run, Value input, CallArguments arguments)
    {
        arguments.Bind("escape", 0);
        TextValue text = input.ToText(run);
        TextBuilder builder = new(run);
        int mark = 0;
        for (int i = 0; i < text.Text.Length; i++)
        {
            string? escaped = text.Text[i] switch { '&' => "&amp;", '<' => "&lt;", '>' => "&gt;", '"' => "&#34;", '\'' => "&#39;", _ => null };
            if (escaped is null)
            {
                builder.Append(text, i, 1);
            }
            else
            {
                builder.Append(escaped, text.IsTrustedAt(i, ref mark));
            }
        }

        return builder.ToText();
    }

    private static IntegerValue CountWords(Execution run, Value input, CallArguments arguments)
    {
        arguments.Bind("wordcount", 0);
        string text = input.ToText(run).Text;
        run.Scan(text.Length);
        int count = 0;
        bool inWord = false;
        foreach (char c in text)
        {
            bool isWord = char.IsLetterOrDigit(c) || c == '_';
            count += isWord && !inWord ? 1 : 0;
            inWord = isWord;
        }

        return IntegerValue.Of(count);
    }
}
