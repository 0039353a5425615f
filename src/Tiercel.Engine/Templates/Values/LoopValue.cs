using Tiercel.Engine.Templates.Runtime;

namespace Tiercel.Engine.Templates.Values;

/// <summary>The variable <c>loop</c> inside a for loop.</summary>
internal sealed class LoopValue(IReadOnlyList<Value> elements, int depth, Func<Execution, IReadOnlyList<Value>, Value>? recurse) : Value
{
    private List<Value>? _lastSeen;

    public override string TypeName => "LoopContext";

    public override bool IsTrue => true;

    public override bool IsCallable => recurse is not null;

    /// <summary>The position of the current element, from zero.</summary>
    public int Index { get; set; }

    public override Value? Member(string name) => name switch
    {
        "index" => IntegerValue.Of(Index + 1),
        "index0" => IntegerValue.Of(Index),
        "revindex" => IntegerValue.Of(elements.Count - Index),
        "revindex0" => IntegerValue.Of(elements.Count - Index - 1),
        "first" => BoolValue.Of(Index == 0),
        "last" => BoolValue.Of(Index == elements.Count - 1),
        "length" => IntegerValue.Of(elements.Count),
        "depth" => IntegerValue.Of(depth),
        "depth0" => IntegerValue.Of(depth - 1),
        "previtem" => Index > 0 ? elements[Index - 1] : new UndefinedValue("there is no previous item"),
        "nextitem" => Index + 1 < elements.Count ? elements[Index + 1] : new UndefinedValue("there is no next item"),
        "cycle" => new FunctionValue("cycle", Cycle),
        "changed" => new FunctionValue("changed", Changed),
        _ => null,
    };

    public override Value Call(Execution run, CallArguments arguments) =>
        recurse is null
            ? throw new ChatTemplateException("the loop is called, but it is not marked 'recursive'")
            : recurse(run, arguments.Bind("loop", 1, "iterable").Required(0).RequireElements(run));

    public override void Print(TextBuilder output) => output.Append($"<LoopContext {Index + 1}/{elements.Count}>", isTrusted: true);

    private Value Cycle(Execution run, CallArguments arguments) =>
        arguments.Positional.Count == 0
            ? throw new ChatTemplateException("loop.cycle needs at least one value")
            : arguments.Positional[Index % arguments.Positional.Count];

    private BoolValue Changed(Execution run, CallArguments arguments)
    {
        List<Value> seen = [.. arguments.Positional];
        bool same = _lastSeen is not null && Comparison.AreEqual(run, new SequenceValue(_lastSeen), new SequenceValue(seen));
        _lastSeen = seen;
        return BoolValue.Of(!same);
    }
}
