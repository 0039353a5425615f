using Tiercel.Engine.Templates.Builtins;
using Tiercel.Engine.Templates.Runtime;

namespace Tiercel.Engine.Templates.Values;

/// <summary>A list, a tuple, or one of Python's lazy sequences, which here are made at once.</summary>
internal sealed class SequenceValue(List<Value> items, SequenceKind kind = SequenceKind.List, bool isTrusted = true) : Value
{
    public List<Value> Items { get; } = items;

    public SequenceKind Kind { get; } = kind;

    /// <summary>False for an array that a client sent: its brackets and commas are then no more trusted than its elements.</summary>
    public bool IsTrusted { get; } = isTrusted;

    public override string TypeName => Kind switch
    {
        SequenceKind.List => "list",
        SequenceKind.Tuple => "tuple",
        SequenceKind.View => "dict view",
        _ => "generator",
    };

    public override bool IsTrue => Kind == SequenceKind.Generator || Items.Count > 0;

    public bool HasPositions => Kind is SequenceKind.List or SequenceKind.Tuple;

    public static SequenceValue Generator(List<Value> items) => new(items, SequenceKind.Generator);

    public static SequenceValue Tuple(params List<Value> items) => new(items, SequenceKind.Tuple);

    public override Value? Member(string name) => HasPositions ? ListMethods.Find(this, name) : null;

    public override IReadOnlyList<Value> Elements(Execution run)
    {
        // A copy: the body of a loop may change the list it goes over.
        run.Step(Items.Count);
        return [.. Items];
    }

    public override void Print(TextBuilder output)
    {
        output.Run.Descend();
        output.Append(Kind == SequenceKind.Tuple ? '(' : '[', IsTrusted);
        for (int i = 0; i < Items.Count; i++)
        {
            output.Run.Step();
            output.Append(i > 0 ? ", " : "", IsTrusted);
            Items[i].PrintQuoted(output);
        }

        output.Append(Kind != SequenceKind.Tuple ? "]" : Items.Count == 1 ? ",)" : ")", IsTrusted);
        output.Run.Ascend();
    }
}
