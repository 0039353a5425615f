using System.Collections.Frozen;
using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Builtins;

/// <summary>The functions that every template can call, unless a variable of its own hides them.</summary>
internal static class GlobalFunctions
{
    private static readonly FrozenDictionary<string, FunctionValue> ByName = new Dictionary<string, FunctionValue>
    {
        ["range"] = new("range", Range),
        ["namespace"] = new("namespace", MakeNamespace),
        ["dict"] = new("dict", MakeDict),
        ["raise_exception"] = new("raise_exception", Raise),
        ["strftime_now"] = new("strftime_now", FormatNow),
    }.ToFrozenDictionary();

    public static Value? Find(string name) => ByName.GetValueOrDefault(name);

    private static SequenceValue Range(Execution run, CallArguments arguments)
    {
        BoundArguments bound = arguments.Bind("range", 1, "start", "stop", "step");
        int first = bound.Integer(0, 0);
        bool hasStop = bound[1] is not null;
        long start = hasStop ? first : 0;
        long stop = hasStop ? bound.Integer(1, 0) : first;
        long step = bound.Integer(2, 1);
        if (step == 0)
        {
            throw new ChatTemplateException("range() has a step of zero");
        }

        long distance = step > 0 ? stop - start : start - stop;
        long count = distance <= 0 ? 0 : (distance + Math.Abs(step) - 1) / Math.Abs(step);
        run.Step(count);
        List<Value> numbers = new((int)count);
        for (long i = 0; i < count; i++)
        {
            numbers.Add(IntegerValue.Of((int)(start + (i * step))));
        }

        return new SequenceValue(numbers, SequenceKind.Tuple);
    }

    private static NamespaceValue MakeNamespace(Execution run, CallArguments arguments)
    {
        NamespaceValue space = new();
        foreach ((Value key, Value value) in MakeDict(run, arguments).Entries)
        {
            space.Set((key as TextValue)?.Text ?? throw new ChatTemplateException("namespace() needs string keys"), value);
        }

        return space;
    }

    private static DictValue MakeDict(Execution run, CallArguments arguments)
    {
        DictValue dict = new();
        if (arguments.Positional.Count > 1)
        {
            throw new ChatTemplateException("dict() takes at most one positional argument");
        }

        if (arguments.Positional.Count == 1)
        {
            DictMethods.Fill(run, dict, arguments.Positional[0]);
        }

        foreach ((string name, Value value) in arguments.Named)
        {
            dict.Set(name, value);
        }

        return dict;
    }

    private static Value Raise(Execution run, CallArguments arguments)
    {
        string message = arguments.Bind("raise_exception", 1, "message").Required(0).ToText(run).Text;
        throw new ChatTemplateException(message, raisedByTemplate: true);
    }

    private static TextValue FormatNow(Execution run, CallArguments arguments)
    {
        TextValue format = arguments.Bind("strftime_now", 1, "format").Text(0);
        string text = TimeFormat.Apply(run.Now, format.Text);
        run.Characters(text.Length, 0);
        return TextValue.Marked(text, format.IsTrusted);
    }
}
