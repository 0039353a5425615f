using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Builtins;

/// <summary><c>map</c>, <c>select</c>, <c>reject</c> and their forms over an attribute.</summary>
internal static class SelectionFilters
{
    public static IEnumerable<KeyValuePair<string, Filter>> All =>
    [
        new("map", Map),
        new("select", (run, input, arguments) => Select(run, input, arguments, "select", keeps: true)),
        new("reject", (run, input, arguments) => Select(run, input, arguments, "reject", keeps: false)),
        new("selectattr", (run, input, arguments) => SelectByAttribute(run, input, arguments, "selectattr", keeps: true)),
        new("rejectattr", (run, input, arguments) => SelectByAttribute(run, input, arguments, "rejectattr", keeps: false)),
    ];

    /// <summary>What an <c>attribute</c> argument means: nothing, a path of names, or a position.</summary>
    public static Func<Value, Value> Picker(Execution run, Value? attribute, BoundArguments bound) => attribute switch
    {
        null => value => value,
        IntegerValue position => value => Access.Item(run, value, position),
        _ => Path(run, bound.Text(attribute).Text),
    };

    private static Func<Value, Value> Path(Execution run, string path) => value => Access.Path(run, value, path);

    private static SequenceValue Map(Execution run, Value input, CallArguments arguments)
    {
        Func<Value, Value> change;
        if (arguments.Positional.Count == 0)
        {
            BoundArguments bound = arguments.Bind("map", 0, "attribute", "default");
            Func<Value, Value> pick = Picker(run, bound[0] ?? throw new ChatTemplateException("map needs a filter or an attribute"), bound);
            change = value => pick(value) is var picked && picked is UndefinedValue && bound[1] is Value fallback ? fallback : picked;
        }
        else
        {
            string name = (arguments.Positional[0] as TextValue)?.Text ?? throw new ChatTemplateException("map needs the name of a filter");
            Filter filter = Filters.Find(name) ?? throw new ChatTemplateException($"there is no filter '{name}'");
            CallArguments rest = arguments with { Positional = [.. arguments.Positional.Skip(1)] };
            change = value => filter(run, value, rest);
        }

        return Each(run, input, elements => elements.Select(change));
    }

    private static SequenceValue Select(Execution run, Value input, CallArguments arguments, string name, bool keeps)
    {
        Func<Value, bool> holds = Condition(run, name, arguments);
        return Each(run, input, elements => elements.Where(element => holds(element) == keeps));
    }

    private static SequenceValue SelectByAttribute(Execution run, Value input, CallArguments arguments, string name, bool keeps)
    {
        if (arguments.Positional.Count == 0)
        {
            throw new ChatTemplateException($"{name} needs the name of an attribute");
        }

        Func<Value, Value> pick = Picker(run, arguments.Positional[0], new BoundArguments(name, []));
        Func<Value, bool> holds = Condition(run, name, arguments with { Positional = [.. arguments.Positional.Skip(1)] });
        return Each(run, input, elements => elements.Where(element => holds(pick(element)) == keeps));
    }

    /// <summary>The test that the arguments name; truth where they name none.</summary>
    private static Func<Value, bool> Condition(Execution run, string filter, CallArguments arguments)
    {
        if (arguments.Positional.Count == 0)
        {
            return value => value.IsTrue;
        }

        string name = (arguments.Positional[0] as TextValue)?.Text ?? throw new ChatTemplateException($"{filter} needs the name of a test");
        Test test = Tests.Find(name) ?? throw new ChatTemplateException($"there is no test '{name}'");
        CallArguments rest = arguments with { Positional = [.. arguments.Positional.Skip(1)] };
        return value => test(run, value, rest);
    }

    private static SequenceValue Each(Execution run, Value input, Func<IEnumerable<Value>, IEnumerable<Value>> change)
    {
        IReadOnlyList<Value> elements = input.RequireElements(run);
        run.Step(elements.Count);
        return SequenceValue.Generator([.. change(elements)]);
    }
}
