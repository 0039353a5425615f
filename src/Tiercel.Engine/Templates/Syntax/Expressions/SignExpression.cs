using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary><c>-operand</c> and <c>+operand</c>.</summary>
internal sealed class SignExpression(Expression operand, bool isNegative) : Expression
{
    protected override Value Compute(Execution run)
    {
        Value value = operand.Evaluate(run);
        // Plus is minus twice: the same values are refused, and True becomes 1.
        return isNegative ? Arithmetic.Negate(value) : Arithmetic.Negate(Arithmetic.Negate(value));
    }
}
