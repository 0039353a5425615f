using System.Collections.Frozen;
using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Syntax;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Builtins;

/// <summary>
/// The methods of strings. Changes of case are one letter for one letter; the few that take two in Python (ß to SS) stay as they are.
/// </summary>
internal static class TextMethods
{
    private static readonly FrozenDictionary<string, Func<Execution, TextValue, CallArguments, Value>> ByName =
        new Dictionary<string, Func<Execution, TextValue, CallArguments, Value>>
        {
            ["strip"] = (run, text, arguments) => Strip(run, text, arguments, "strip", left: true, right: true),
            ["lstrip"] = (run, text, arguments) => Strip(run, text, arguments, "lstrip", left: true, right: false),
            ["rstrip"] = (run, text, arguments) => Strip(run, text, arguments, "rstrip", left: false, right: true),
            ["split"] = (run, text, arguments) => Split(run, text, arguments, "split", fromRight: false),
            ["rsplit"] = (run, text, arguments) => Split(run, text, arguments, "rsplit", fromRight: true),
            ["splitlines"] = SplitLines,
            ["partition"] = (run, text, arguments) => Partition(run, text, arguments, fromRight: false),
            ["rpartition"] = (run, text, arguments) => Partition(run, text, arguments, fromRight: true),
            ["startswith"] = (run, text, arguments) => HasEnd(run, text, arguments, "startswith", atStart: true),
            ["endswith"] = (run, text, arguments) => HasEnd(run, text, arguments, "endswith", atStart: false),
            ["removeprefix"] = (run, text, arguments) => RemoveEnd(run, text, arguments, "removeprefix", atStart: true),
            ["removesuffix"] = (run, text, arguments) => RemoveEnd(run, text, arguments, "removesuffix", atStart: false),
            ["find"] = (run, text, arguments) => IntegerValue.Of(Find(run, text, arguments, "find", fromRight: false)),
            ["rfind"] = (run, text, arguments) => IntegerValue.Of(Find(run, text, arguments, "rfind", fromRight: true)),
            ["index"] = (run, text, arguments) => Index(run, text, arguments),
            ["count"] = Count,
            ["replace"] = Replace,
            ["join"] = Join,
            ["upper"] = (run, text, arguments) => Letters(run, text, arguments, "upper", text.Text.ToUpperInvariant()),
            ["lower"] = (run, text, arguments) => Letters(run, text, arguments, "lower", text.Text.ToLowerInvariant()),
            ["capitalize"] = (run, text, arguments) => Letters(run, text, arguments, "capitalize", Capitalize(text.Text)),
            ["title"] = (run, text, arguments) => Letters(run, text, arguments, "title", Title(text.Text)),
            ["swapcase"] = (run, text, arguments) => Letters(run, text, arguments, "swapcase", SwapCase(text.Text)),
            ["ljust"] = (run, text, arguments) => Justify(run, text, arguments, "ljust", isLeft: false, isRight: true),
            ["rjust"] = (run, text, arguments) => Justify(run, text, arguments, "rjust", isLeft: true, isRight: false),
            ["center"] = (run, text, arguments) => Justify(run, text, arguments, "center", isLeft: true, isRight: true),
            ["isdigit"] = (run, text, arguments) => All(run, text, arguments, "isdigit", char.IsDigit),
            ["isdecimal"] = (run, text, arguments) => All(run, text, arguments, "isdecimal", char.IsDigit),
            ["isnumeric"] = (run, text, arguments) => All(run, text, arguments, "isnumeric", char.IsNumber),
            ["isalpha"] = (run, text, arguments) => All(run, text, arguments, "isalpha", char.IsLetter),
            ["isalnum"] = (run, text, arguments) => All(run, text, arguments, "isalnum", c => char.IsLetter(c) || char.IsNumber(c)),
            ["isspace"] = (run, text, arguments) => All(run, text, arguments, "isspace", TextLiteral.IsSpace),
            ["isupper"] = (run, text, arguments) => BoolValue.Of(HasCase(text.Text, isUpper: true)),
            ["islower"] = (run, text, arguments) => BoolValue.Of(HasCase(text.Text, isUpper: false)),
        }.ToFrozenDictionary();

    public static Value? Find(TextValue text, string name) =>
        ByName.TryGetValue(name, out Func<Execution, TextValue, CallArguments, Value>? method)
            ? new FunctionValue(name, (run, arguments) =>
            {
                // Most methods read the whole text once.
                run.Scan(text.Text.Length);
                return method(run, text, arguments);
            })
            : null;

    /// <summary>At least one letter has the case, and none has the other.</summary>
    public static bool HasCase(string text, bool isUpper)
    {
        bool found = false;
        foreach (char c in text)
        {
            if (isUpper ? char.IsLower(c) : char.IsUpper(c))
            {
                return false;
            }

            found |= isUpper ? char.IsUpper(c) : char.IsLower(c);
        }

        return found;
    }

    /// <summary>Fills a text up to a width in characters, on one side or both.</summary>
    public static TextValue Pad(Execution run, TextValue text, int width, TextValue fill, bool isLeft, bool isRight)
    {
        int missing = width - text.CountCharacters(run);
        if (missing <= 0)
        {
            return text;
        }

        // Where both sides take an odd number, Python gives the spare one to the left if the width is odd, too.
        int left = !isLeft ? 0 : !isRight ? missing : (missing / 2) + (missing & width & 1);
        TextBuilder builder = new(run);
        Repeat(builder, fill, left);
        builder.Append(text);
        Repeat(builder, fill, missing - left);
        return builder.ToText();
    }

    private static void Repeat(TextBuilder builder, TextValue fill, int count)
    {
        for (int i = 0; i < count; i++)
        {
            builder.Append(fill);
        }
    }

    private static TextValue Strip(Execution run, TextValue text, CallArguments arguments, string name, bool left, bool right)
    {
        BoundArguments bound = arguments.Bind(name, 0, "chars");
        return TextSearch.Strip(run, text, bound.Optional(0) is Value set ? bound.Text(set).Text : null, left, right);
    }

    private static SequenceValue Split(Execution run, TextValue text, CallArguments arguments, string name, bool fromRight)
    {
        BoundArguments bound = arguments.Bind(name, 0, "sep", "maxsplit");
        TextValue? separator = bound.Optional(0) is Value given ? bound.Text(given) : null;
        return new SequenceValue(TextSearch.Split(run, text, separator, bound.Integer(1, -1), fromRight));
    }

    private static SequenceValue SplitLines(Execution run, TextValue text, CallArguments arguments) =>
        new([.. TextSearch.SplitLines(run, text, arguments.Bind("splitlines", 0, "keepends").Flag(0))]);

    private static SequenceValue Partition(Execution run, TextValue text, CallArguments arguments, bool fromRight)
    {
        TextValue separator = arguments.Bind("partition", 1, "sep").Text(0);
        List<Value> parts = TextSearch.Split(run, text, separator, 1, fromRight);
        return parts.Count == 2
            ? SequenceValue.Tuple(parts[0], separator, parts[1])
            : fromRight ? SequenceValue.Tuple(TextValue.Empty, TextValue.Empty, text) : SequenceValue.Tuple(text, TextValue.Empty, TextValue.Empty);
    }

    private static BoolValue HasEnd(Execution run, TextValue text, CallArguments arguments, string name, bool atStart)
    {
        BoundArguments bound = arguments.Bind(name, 1, "part", "start", "end");
        TextValue range = Range(run, text, bound, 1);
        IReadOnlyList<Value> parts = bound.Required(0) is SequenceValue { Kind: SequenceKind.Tuple } several ? several.Items : [bound.Required(0)];
        foreach (Value part in parts)
        {
            run.Step();
            string wanted = bound.Text(part).Text;
            if (atStart ? range.Text.StartsWith(wanted, StringComparison.Ordinal) : range.Text.EndsWith(wanted, StringComparison.Ordinal))
            {
                return BoolValue.True;
            }
        }

        return BoolValue.False;
    }

    private static TextValue Range(Execution run, TextValue text, BoundArguments bound, int first)
    {
        int? start = bound.Optional(first) is Value from ? bound.Integer(from) : null;
        int? end = bound.Optional(first + 1) is Value to ? bound.Integer(to) : null;
        return start is null && end is null ? text : text.SliceCharacters(new SliceBounds(start, end, null), run);
    }

    private static TextValue RemoveEnd(Execution run, TextValue text, CallArguments arguments, string name, bool atStart)
    {
        string part = arguments.Bind(name, 1, "part").Text(0).Text;
        bool has = atStart ? text.Text.StartsWith(part, StringComparison.Ordinal) : text.Text.EndsWith(part, StringComparison.Ordinal);
        return has ? text.Slice(atStart ? part.Length : 0, text.Text.Length - part.Length, run) : text;
    }

    /// <summary>The character position of a part, or -1.</summary>
    private static int Find(Execution run, TextValue text, CallArguments arguments, string name, bool fromRight)
    {
        BoundArguments bound = arguments.Bind(name, 1, "sub", "start", "end");
        TextValue range = Range(run, text, bound, 1);
        string part = bound.Text(0).Text;
        run.Search(range.Text.Length, part.Length);
        int found = fromRight
            ? range.Text.LastIndexOf(part, StringComparison.Ordinal)
            : range.Text.IndexOf(part, StringComparison.Ordinal);
        if (found < 0)
        {
            return -1;
        }

        int start = bound.Optional(1) is Value from ? bound.Integer(from) : 0;
        int length = start < 0 ? text.CountCharacters(run) : 0;
        return range.CountCharacters(found, run) + (start < 0 ? Math.Max(0, start + length) : start);
    }

    private static IntegerValue Index(Execution run, TextValue text, CallArguments arguments)
    {
        int found = Find(run, text, arguments, "index", fromRight: false);
        return found >= 0 ? IntegerValue.Of(found) : throw new ChatTemplateException("index(): the substring is not there");
    }

    private static IntegerValue Count(Execution run, TextValue text, CallArguments arguments)
    {
        BoundArguments bound = arguments.Bind("count", 1, "sub", "start", "end");
        TextValue range = Range(run, text, bound, 1);
        string part = bound.Text(0).Text;
        run.Search(range.Text.Length, part.Length);
        return IntegerValue.Of(part.Length == 0 ? range.CountCharacters(run) + 1 : range.Text.AsSpan().Count(part));
    }

    private static TextValue Replace(Execution run, TextValue text, CallArguments arguments)
    {
        BoundArguments bound = arguments.Bind("replace", 2, "old", "new", "count");
        return TextSearch.Replace(run, text, bound.Text(0), bound.Text(1), bound.Integer(2, -1));
    }

    private static TextValue Join(Execution run, TextValue separator, CallArguments arguments)
    {
        BoundArguments bound = arguments.Bind("join", 1, "iterable");
        TextBuilder builder = new(run);
        IReadOnlyList<Value> items = bound.Required(0).RequireElements(run);
        for (int i = 0; i < items.Count; i++)
        {
            builder.Append(i > 0 ? separator : TextValue.Empty);
            builder.Append(bound.Text(items[i]));
        }

        return builder.ToText();
    }

    private static TextValue Letters(Execution run, TextValue text, CallArguments arguments, string name, string changed)
    {
        arguments.Bind(name, 0);
        return text.WithLetters(changed, run);
    }

    private static string Capitalize(string text) =>
        text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..].ToLowerInvariant();

    private static string Title(string text)
    {
        char[] letters = text.ToCharArray();
        bool inWord = false;
        for (int i = 0; i < letters.Length; i++)
        {
            letters[i] = inWord ? char.ToLowerInvariant(letters[i]) : char.ToUpperInvariant(letters[i]);
            inWord = char.IsLetter(letters[i]);
        }

        return new string(letters);
    }

    private static string SwapCase(string text) =>
        string.Create(text.Length, text, static (letters, source) =>
        {
            for (int i = 0; i < letters.Length; i++)
            {
                letters[i] = char.IsUpper(source[i]) ? char.ToLowerInvariant(source[i]) : char.ToUpperInvariant(source[i]);
            }
        });

    private static TextValue Justify(Execution run, TextValue text, CallArguments arguments, string name, bool isLeft, bool isRight)
    {
        BoundArguments bound = arguments.Bind(name, 1, "width", "fillchar");
        TextValue fill = bound.Optional(1) is Value given ? bound.Text(given) : TextValue.Trusted(" ");
        return Pad(run, text, bound.Integer(0, 0), fill, isLeft, isRight);
    }

    private static BoolValue All(Execution run, TextValue text, CallArguments arguments, string name, Func<char, bool> holds)
    {
        arguments.Bind(name, 0);
        return BoolValue.Of(text.Text.Length > 0 && text.Text.All(holds));
    }
}
