using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Builtins;

/// <summary>Filters that order or compare elements. Letters count as equal in both cases unless told otherwise.</summary>
internal static class SortFilters
{
    public static IEnumerable<KeyValuePair<string, Filter>> All =>
    [
        new("sort", Sort),
        new("dictsort", SortDict),
        new("unique", Unique),
        new("min", (run, input, arguments) => Extreme(run, input, arguments, "min", isGreatest: false)),
        new("max", (run, input, arguments) => Extreme(run, input, arguments, "max", isGreatest: true)),
    ];

    private static SequenceValue Sort(Execution run, Value input, CallArguments arguments)
    {
        BoundArguments bound = arguments.Bind("sort", 0, "reverse", "case_sensitive", "attribute");
        Func<Value, Value> key = Key(run, bound.Optional(2), bound, bound.Flag(1));
        return new SequenceValue(Sorting.Sort(run, [.. input.RequireElements(run)], key, bound.Flag(0)));
    }

    private static SequenceValue SortDict(Execution run, Value input, CallArguments arguments)
    {
        BoundArguments bound = arguments.Bind("dictsort", 0, "case_sensitive", "by", "reverse");
        string by = bound[1] is Value given ? bound.Text(given).Text : "key";
        int part = by switch
        {
            "key" => 0,
            "value" => 1,
            _ => throw new ChatTemplateException("dictsort sorts by 'key' or by 'value'"),
        };
        DictValue dict = input as DictValue ?? throw new ChatTemplateException($"dictsort needs a mapping, not '{input.TypeName}'");
        bool isCaseSensitive = bound.Flag(0);
        List<Value> items = DictMethods.Items(run, dict);
        Value KeyOf(Value item) => Fold(run, ((SequenceValue)item).Items[part], isCaseSensitive);
        return new SequenceValue(Sorting.Sort(run, items, KeyOf, bound.Flag(2)));
    }

    private static SequenceValue Unique(Execution run, Value input, CallArguments arguments)
    {
        BoundArguments bound = arguments.Bind("unique", 0, "case_sensitive", "attribute");
        Func<Value, Value> key = Key(run, bound.Optional(1), bound, bound.Flag(0));
        HashSet<object> seen = [];
        List<Value> items = [];
        foreach (Value element in input.RequireElements(run))
        {
            if (seen.Add(DictValue.KeyOf(key(element))))
            {
                items.Add(element);
            }
        }

        return SequenceValue.Generator(items);
    }

    private static Value Extreme(Execution run, Value input, CallArguments arguments, string name, bool isGreatest)
    {
        BoundArguments bound = arguments.Bind(name, 0, "case_sensitive", "attribute");
        Func<Value, Value> key = Key(run, bound.Optional(1), bound, bound.Flag(0));
        Value? best = null;
        foreach (Value element in input.RequireElements(run))
        {
            int order = best is null ? 1 : Comparison.Order(run, "<", key(element), key(best)) * (isGreatest ? 1 : -1);
            best = order > 0 ? element : best;
        }

        return best ?? new UndefinedValue("no aggregated item, the sequence is empty");
    }

    private static Func<Value, Value> Key(Execution run, Value? attribute, BoundArguments bound, bool isCaseSensitive)
    {
        Func<Value, Value> pick = SelectionFilters.Picker(run, attribute, bound);
        return value => Fold(run, pick(value), isCaseSensitive);
    }

    private static Value Fold(Execution run, Value value, bool isCaseSensitive) =>
        value is TextValue text && !isCaseSensitive ? text.WithLetters(text.Text.ToLowerInvariant(), run) : value;
}
