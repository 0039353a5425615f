using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary><c>target.name</c>.</summary>
internal sealed class AttributeExpression(Expression target, string name) : Expression
{
    protected override Value Compute(Execution run) => Access.Attribute(target.Evaluate(run), name);
}
