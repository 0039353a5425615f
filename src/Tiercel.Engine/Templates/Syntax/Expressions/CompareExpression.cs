using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary>A chain of comparisons: <c>a &lt; b &lt; c</c> is true when both are.</summary>
internal sealed class CompareExpression(Expression first, IReadOnlyList<(string Operation, Expression Operand)> rest) : Expression
{
    protected override Value Compute(Execution run)
    {
        Value left = first.Evaluate(run);
        foreach ((string operation, Expression operand) in rest)
        {
            Value right = operand.Evaluate(run);
            if (!Holds(run, operation, left, right))
            {
                return BoolValue.False;
            }

            left = right;
        }

        return BoolValue.True;
    }

    private static bool Holds(Execution run, string operation, Value left, Value right) => operation switch
    {
        "==" => Comparison.AreEqual(run, left, right),
        "!=" => !Comparison.AreEqual(run, left, right),
        "in" => Comparison.Contains(run, right, left),
        "not in" => !Comparison.Contains(run, right, left),
        "<" => Comparison.Order(run, operation, left, right) < 0,
        "<=" => Comparison.Order(run, operation, left, right) <= 0,
        ">" => Comparison.Order(run, operation, left, right) > 0,
        _ => Comparison.Order(run, operation, left, right) >= 0,
    };
}
