using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary><c>target[key]</c>.</summary>
internal sealed class ItemExpression(Expression target, Expression key) : Expression
{
    protected override Value Compute(Execution run)
    {
        Value value = target.Evaluate(run);
        return Access.Item(run, value, key.Evaluate(run));
    }
}
