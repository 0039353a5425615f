using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary>What a value is assigned to.</summary>
internal abstract class Target
{
    public abstract void Assign(Execution run, Value value);
}

/// <summary>A variable of the current scope.</summary>
internal sealed class NameTarget(string name) : Target
{
    public override void Assign(Execution run, Value value) => run.Scope.Set(name, value);
}

/// <summary>An attribute of a namespace.</summary>
internal sealed class AttributeTarget(string name, string attribute) : Target
{
    public override void Assign(Execution run, Value value)
    {
        if (run.Scope.Find(name) is not NamespaceValue space)
        {
            throw new ChatTemplateException($"cannot set attribute '{attribute}': '{name}' is no namespace");
        }

        space.Set(attribute, value);
    }
}

/// <summary>Several targets that share out the elements of the value.</summary>
internal sealed class TupleTarget(IReadOnlyList<Target> targets) : Target
{
    public override void Assign(Execution run, Value value)
    {
        IReadOnlyList<Value> elements = value.RequireElements(run);
        if (elements.Count != targets.Count)
        {
            throw new ChatTemplateException($"{targets.Count} names cannot take {elements.Count} values");
        }

        for (int i = 0; i < targets.Count; i++)
        {
            targets[i].Assign(run, elements[i]);
        }
    }
}
