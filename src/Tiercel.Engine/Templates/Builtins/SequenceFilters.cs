using System.Numerics;
using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Builtins;

/// <summary>Filters over the elements of lists, strings and dictionaries, and <c>default</c>.</summary>
internal static class SequenceFilters
{
    public static IEnumerable<KeyValuePair<string, Filter>> All =>
    [
        new("default", Default),
        new("d", Default),
        new("length", Length),
        new("count", Length),
        new("first", First),
        new("last", Last),
        new("list", ToList),
        new("join", Join),
        new("reverse", Reverse),
        new("items", Items),
        new("batch", Batch),
        new("sum", Sum),
        new("attr", Attribute),
    ];

    private static Value Default(Execution run, Value input, CallArguments arguments)
    {
        BoundArguments bound = arguments.Bind("default", 0, "default_value", "boolean");
        bool isMissing = input is UndefinedValue || (bound.Flag(1) && !input.IsTrue);
        return isMissing ? bound[0] ?? TextValue.Empty : input;
    }

    private static IntegerValue Length(Execution run, Value input, CallArguments arguments)
    {
        arguments.Bind("length", 0);
        return IntegerValue.Of(input switch
        {
            TextValue text => text.CountCharacters(run),
            DictValue dict => dict.Count,
            SequenceValue { Kind: not SequenceKind.Generator } sequence => sequence.Items.Count,
            UndefinedValue => 0,
            _ => throw new ChatTemplateException($"a '{input.TypeName}' has no length"),
        });
    }

    private static Value First(Execution run, Value input, CallArguments arguments)
    {
        arguments.Bind("first", 0);
        IReadOnlyList<Value> elements = input.RequireElements(run);
        return elements.Count > 0 ? elements[0] : new UndefinedValue("no first item, the sequence is empty");
    }

    private static Value Last(Execution run, Value input, CallArguments arguments)
    {
        arguments.Bind("last", 0);
        IReadOnlyList<Value> elements = input.RequireElements(run);
        return elements.Count > 0 ? elements[elements.Count - 1] : new UndefinedValue("no last item, the sequence is empty");
    }

    private static SequenceValue ToList(Execution run, Value input, CallArguments arguments)
    {
        arguments.Bind("list", 0);
        return new SequenceValue([.. input.RequireElements(run)]);
    }

    private static TextValue Join(Execution run, Value input, CallArguments arguments)
    {
        BoundArguments bound = arguments.Bind("join", 0, "d", "attribute");
        TextValue separator = bound[0]?.ToText(run) ?? TextValue.Empty;
        Func<Value, Value> pick = SelectionFilters.Picker(run, bound.Optional(1), bound);
        TextBuilder builder = new(run);
        bool first = true;
        foreach (Value element in input.RequireElements(run))
        {
            builder.Append(first ? TextValue.Empty : separator);
            pick(element).Print(builder);
            first = false;
        }

        return builder.ToText();
    }

    private static Value Reverse(Execution run, Value input, CallArguments arguments)
    {
        arguments.Bind("reverse", 0);
        return input is TextValue text
            ? text.SliceCharacters(new SliceBounds(null, null, -1), run)
            : SequenceValue.Generator([.. input.RequireElements(run).Reverse()]);
    }

    private static SequenceValue Items(Execution run, Value input, CallArguments arguments)
    {
        arguments.Bind("items", 0);
        return input switch
        {
            DictValue dict => SequenceValue.Generator(DictMethods.Items(run, dict)),
            UndefinedValue => SequenceValue.Generator([]),
            _ => throw new ChatTemplateException($"items needs a mapping, not '{input.TypeName}'"),
        };
    }

    private static SequenceValue Batch(Execution run, Value input, CallArguments arguments)
    {
        BoundArguments bound = arguments.Bind("batch", 1, "linecount", "fill_with");
        int size = bound.Integer(0, 0);
        if (size < 1)
        {
            throw new ChatTemplateException("batch needs a positive number");
        }

        List<Value> batches = [];
        foreach (Value[] chunk in input.RequireElements(run).Chunk(size))
        {
            List<Value> items = [.. chunk];
            if (bound.Optional(1) is Value fill)
            {
                run.Step(size - items.Count);
                items.AddRange(Enumerable.Repeat(fill, size - items.Count));
            }

            batches.Add(new SequenceValue(items));
        }

        return SequenceValue.Generator(batches);
    }

    private static Value Sum(Execution run, Value input, CallArguments arguments)
    {
        BoundArguments bound = arguments.Bind("sum", 0, "attribute", "start");
        Func<Value, Value> pick = SelectionFilters.Picker(run, bound.Optional(0), bound);
        Value total = bound[1] ?? IntegerValue.Of(BigInteger.Zero);
        foreach (Value element in input.RequireElements(run))
        {
            Value next = pick(element);
            total = total is TextValue || next is TextValue
                ? throw new ChatTemplateException("sum does not join strings; join does")
                : Arithmetic.Apply(run, "+", total, next);
        }

        return total;
    }

    private static Value Attribute(Execution run, Value input, CallArguments arguments)
    {
        string name = arguments.Bind("attr", 1, "name").Text(0).Text;
        // Unlike a.b, the filter looks at attributes alone, so that the entries of a dictionary are out of its reach.
        return input is UndefinedValue missing ? throw missing.Error()
            : input.Member(name) ?? new UndefinedValue($"'{input.TypeName}' object has no attribute '{name}'");
    }
}
