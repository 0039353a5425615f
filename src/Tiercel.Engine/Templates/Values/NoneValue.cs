namespace Tiercel.Engine.Templates.Values;

/// <summary>Python's <c>None</c>, JSON's null.</summary>
internal sealed class NoneValue : Value
{
    public static readonly NoneValue Instance = new();

    private NoneValue()
    {
    }

    public override string TypeName => "NoneType";

    public override bool IsTrue => false;

    public override void Print(TextBuilder output) => output.Append("None", isTrusted: true);
}
