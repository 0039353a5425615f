namespace Tiercel.Engine.Templates.Values;

/// <summary>What <c>namespace()</c> gives: the one thing whose attributes a template can set, from inside loops too.</summary>
internal sealed class NamespaceValue : Value
{
    private readonly Dictionary<string, Value> _attributes = [];

    public override string TypeName => "Namespace";

    public override bool IsTrue => true;

    public void Set(string name, Value value) => _attributes[name] = value;

    public override Value? Member(string name) => _attributes.GetValueOrDefault(name);

    public override void Print(TextBuilder output) => output.Append("<Namespace>", isTrusted: true);
}
