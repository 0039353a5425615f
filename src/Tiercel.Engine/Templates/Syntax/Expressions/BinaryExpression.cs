using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary>An arithmetic operator between two operands.</summary>
internal sealed class BinaryExpression(string operation, Expression left, Expression right) : Expression
{
    protected override Value Compute(Execution run)
    {
        Value first = left.Evaluate(run);
        return Arithmetic.Apply(run, operation, first, right.Evaluate(run));
    }
}
