using Tiercel.Engine.Templates.Builtins;
using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary>A variable, or a global function that no variable hides.</summary>
internal sealed class NameExpression(string name) : Expression
{
    public string Name { get; } = name;

    protected override Value Compute(Execution run) => run.Scope.Find(Name) ?? GlobalFunctions.Find(Name) ?? UndefinedValue.Variable(Name);
}
