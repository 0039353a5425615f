using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary><c>and</c> or <c>or</c>: the value of the operand that decided, as in Python.</summary>
internal sealed class LogicExpression(Expression left, Expression right, bool isAnd) : Expression
{
    protected override Value Compute(Execution run)
    {
        Value first = left.Evaluate(run);
        return first.IsTrue == isAnd ? right.Evaluate(run) : first;
    }
}
