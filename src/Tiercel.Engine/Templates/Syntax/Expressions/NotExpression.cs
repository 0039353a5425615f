using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary><c>not operand</c>.</summary>
internal sealed class NotExpression(Expression operand) : Expression
{
    protected override Value Compute(Execution run) => BoolValue.Of(!operand.Evaluate(run).IsTrue);
}
