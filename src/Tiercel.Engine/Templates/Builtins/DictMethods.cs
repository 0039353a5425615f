using System.Collections.Frozen;
using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Builtins;

/// <summary>The methods of dictionaries.</summary>
internal static class DictMethods
{
    private static readonly FrozenDictionary<string, Func<Execution, DictValue, CallArguments, Value>> ByName =
        new Dictionary<string, Func<Execution, DictValue, CallArguments, Value>>
        {
            ["get"] = Get,
            ["items"] = (run, dict, arguments) => View(run, arguments, "items", Items(run, dict)),
            ["keys"] = (run, dict, arguments) => View(run, arguments, "keys", [.. dict.Entries.Select(entry => entry.Key)]),
            ["values"] = (run, dict, arguments) => View(run, arguments, "values", [.. dict.Entries.Select(entry => entry.Value)]),
            ["pop"] = Pop,
            ["setdefault"] = SetDefault,
            ["update"] = Update,
            ["copy"] = Copy,
        }.ToFrozenDictionary();

    public static Value? Find(DictValue dict, string name) =>
        ByName.TryGetValue(name, out Func<Execution, DictValue, CallArguments, Value>? method)
            ? new FunctionValue(name, (run, arguments) => method(run, dict, arguments))
            : null;

    /// <summary>Pairs of key and value.</summary>
    public static List<Value> Items(Execution run, DictValue dict)
    {
        run.Step(dict.Count);
        return [.. dict.Entries.Select(entry => SequenceValue.Tuple(entry.Key, entry.Value))];
    }

    /// <summary>Adds the entries of another dictionary, or of a list of pairs.</summary>
    public static void Fill(Execution run, DictValue dict, Value source)
    {
        if (source is DictValue other)
        {
            run.Step(other.Count);
            foreach ((Value key, Value value) in other.Entries.ToList())
            {
                dict.Set(run, key, value);
            }

            return;
        }

        foreach (Value pair in source.RequireElements(run))
        {
            if (pair.RequireElements(run) is not [Value key, Value value])
            {
                throw new ChatTemplateException("a dictionary is made of pairs");
            }

            dict.Set(run, key, value);
        }
    }

    private static Value Get(Execution run, DictValue dict, CallArguments arguments)
    {
        BoundArguments bound = arguments.Bind("get", 1, "key", "default");
        return dict.Find(run, bound.Required(0)) ?? bound[1] ?? NoneValue.Instance;
    }

    private static SequenceValue View(Execution run, CallArguments arguments, string name, List<Value> items)
    {
        arguments.Bind(name, 0);
        run.Step(items.Count);
        return new SequenceValue(items, SequenceKind.View);
    }

    private static Value Pop(Execution run, DictValue dict, CallArguments arguments)
    {
        BoundArguments bound = arguments.Bind("pop", 1, "key", "default");
        // Removing moves what lies behind.
        run.Step(1 + (dict.Count / 16));
        Value value = dict.Find(run, bound.Required(0)) ?? bound[1] ?? throw new ChatTemplateException("pop(): the dictionary has no such key");
        dict.Remove(bound.Required(0));
        return value;
    }

    private static Value SetDefault(Execution run, DictValue dict, CallArguments arguments)
    {
        BoundArguments bound = arguments.Bind("setdefault", 1, "key", "default");
        if (dict.Find(run, bound.Required(0)) is Value found)
        {
            return found;
        }

        Value value = bound[1] ?? NoneValue.Instance;
        dict.Set(run, bound.Required(0), value);
        return value;
    }

    private static NoneValue Update(Execution run, DictValue dict, CallArguments arguments)
    {
        foreach (Value source in arguments.Positional)
        {
            Fill(run, dict, source);
        }

        foreach ((string name, Value value) in arguments.Named)
        {
            dict.Set(name, value);
        }

        return NoneValue.Instance;
    }

    private static DictValue Copy(Execution run, DictValue dict, CallArguments arguments)
    {
        arguments.Bind("copy", 0);
        DictValue copy = new(dict.IsTrusted);
        Fill(run, copy, dict);
        return copy;
    }
}
