using Tiercel.Engine.Templates.Runtime;

namespace Tiercel.Engine.Templates.Values;

/// <summary>
/// What a missing name or attribute gives: it prints as nothing, is false and has no elements, but nothing can be read from it or
/// computed with it. <paramref name="reason"/> says what was missing, for the error that then follows.
/// </summary>
internal sealed class UndefinedValue(string reason) : Value
{
    public override string TypeName => "Undefined";

    public override bool IsTrue => false;

    public static UndefinedValue Variable(string name) => new($"'{name}' is undefined");

    public ChatTemplateException Error() => new(reason);

    public override Value Call(Execution run, CallArguments arguments) => throw Error();

    public override IReadOnlyList<Value> Elements(Execution run) => [];

    public override void Print(TextBuilder output)
    {
        // Nothing: that is what a lenient undefined is for.
    }

    public override void PrintQuoted(TextBuilder output) => output.Append("Undefined", isTrusted: true);
}
