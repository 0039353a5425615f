using Tiercel.Engine.Templates.Runtime;

namespace Tiercel.Engine.Templates.Values;

/// <summary>A built-in function, or a method bound to its value.</summary>
internal sealed class FunctionValue(string name, Func<Execution, CallArguments, Value> body) : Value
{
    public override string TypeName => "function";

    public override bool IsTrue => true;

    public override bool IsCallable => true;

    public override Value Call(Execution run, CallArguments arguments) => body(run, arguments);

    public override void Print(TextBuilder output) => output.Append($"<function {name}>", isTrusted: true);
}
