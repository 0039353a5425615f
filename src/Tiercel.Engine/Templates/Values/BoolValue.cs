namespace Tiercel.Engine.Templates.Values;

/// <summary><c>True</c> or <c>False</c>; in arithmetic they are 1 and 0.</summary>
internal sealed class BoolValue : Value
{
    public static readonly BoolValue True = new(isTrue: true);
    public static readonly BoolValue False = new(isTrue: false);

    private BoolValue(bool isTrue)
    {
        IsTrue = isTrue;
    }

    public override string TypeName => "bool";

    public override bool IsTrue { get; }

    public static BoolValue Of(bool value) => value ? True : False;

    public override void Print(TextBuilder output) => output.Append(IsTrue ? "True" : "False", isTrusted: true);
}
