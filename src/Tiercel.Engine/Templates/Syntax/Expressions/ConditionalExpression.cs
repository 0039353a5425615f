using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary><c>value if condition else other</c>; undefined where there is no other.</summary>
internal sealed class ConditionalExpression(Expression value, Expression condition, Expression? other) : Expression
{
    protected override Value Compute(Execution run) =>
        condition.Evaluate(run).IsTrue
            ? value.Evaluate(run)
            : other?.Evaluate(run) ?? new UndefinedValue("the condition was false and there is no 'else'");
}
