using System.Collections.Frozen;
using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Builtins;

/// <summary>The methods of lists; tuples have those that change nothing.</summary>
internal static class ListMethods
{
    private static readonly FrozenDictionary<string, Func<Execution, SequenceValue, CallArguments, Value>> Changing =
        new Dictionary<string, Func<Execution, SequenceValue, CallArguments, Value>>
        {
            ["append"] = Append,
            ["extend"] = Extend,
            ["insert"] = Insert,
            ["pop"] = Pop,
            ["remove"] = Remove,
            ["reverse"] = Reverse,
            ["clear"] = Clear,
            ["copy"] = Copy,
        }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, Func<Execution, SequenceValue, CallArguments, Value>> Reading =
        new Dictionary<string, Func<Execution, SequenceValue, CallArguments, Value>>
        {
            ["index"] = Index,
            ["count"] = Count,
        }.ToFrozenDictionary();

    public static Value? Find(SequenceValue list, string name) =>
        Reading.TryGetValue(name, out Func<Execution, SequenceValue, CallArguments, Value>? method)
        || (list.Kind == SequenceKind.List && Changing.TryGetValue(name, out method))
            ? new FunctionValue(name, (run, arguments) => method(run, list, arguments))
            : null;

    private static NoneValue Append(Execution run, SequenceValue list, CallArguments arguments)
    {
        run.Step();
        list.Items.Add(arguments.Bind("append", 1, "value").Required(0));
        return NoneValue.Instance;
    }

    private static NoneValue Extend(Execution run, SequenceValue list, CallArguments arguments)
    {
        list.Items.AddRange(arguments.Bind("extend", 1, "values").Required(0).RequireElements(run));
        return NoneValue.Instance;
    }

    private static NoneValue Insert(Execution run, SequenceValue list, CallArguments arguments)
    {
        BoundArguments bound = arguments.Bind("insert", 2, "index", "value");
        int index = bound.Integer(0, 0);
        // Inserting moves what lies behind.
        run.Step(1 + (list.Items.Count / 64));
        list.Items.Insert(Math.Clamp(index < 0 ? index + list.Items.Count : index, 0, list.Items.Count), bound.Required(1));
        return NoneValue.Instance;
    }

    private static Value Pop(Execution run, SequenceValue list, CallArguments arguments)
    {
        int index = arguments.Bind("pop", 0, "index").Integer(0, -1);
        int position = index < 0 ? index + list.Items.Count : index;
        if (position < 0 || position >= list.Items.Count)
        {
            throw new ChatTemplateException("pop(): the list has no such element");
        }

        run.Step(1 + (list.Items.Count / 64));
        Value value = list.Items[position];
        list.Items.RemoveAt(position);
        return value;
    }

    private static NoneValue Remove(Execution run, SequenceValue list, CallArguments arguments)
    {
        int position = Position(run, list, arguments.Bind("remove", 1, "value").Required(0));
        list.Items.RemoveAt(position);
        return NoneValue.Instance;
    }

    private static NoneValue Reverse(Execution run, SequenceValue list, CallArguments arguments)
    {
        arguments.Bind("reverse", 0);
        run.Step(list.Items.Count);
        list.Items.Reverse();
        return NoneValue.Instance;
    }

    private static NoneValue Clear(Execution run, SequenceValue list, CallArguments arguments)
    {
        arguments.Bind("clear", 0);
        list.Items.Clear();
        return NoneValue.Instance;
    }

    private static SequenceValue Copy(Execution run, SequenceValue list, CallArguments arguments)
    {
        arguments.Bind("copy", 0);
        run.Step(list.Items.Count);
        return new SequenceValue([.. list.Items], list.Kind, list.IsTrusted);
    }

    private static IntegerValue Index(Execution run, SequenceValue list, CallArguments arguments) =>
        IntegerValue.Of(Position(run, list, arguments.Bind("index", 1, "value").Required(0)));

    private static IntegerValue Count(Execution run, SequenceValue list, CallArguments arguments)
    {
        Value wanted = arguments.Bind("count", 1, "value").Required(0);
        return IntegerValue.Of(list.Items.Count(item => Comparison.AreEqual(run, item, wanted)));
    }

    private static int Position(Execution run, SequenceValue list, Value wanted)
    {
        int position = list.Items.FindIndex(item => Comparison.AreEqual(run, item, wanted));
        return position >= 0 ? position : throw new ChatTemplateException("the value is not in the list");
    }
}
