using Tiercel.Engine.Templates.Builtins;
using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary><c>input is name</c> and <c>input is not name</c>.</summary>
internal sealed class TestExpression(Expression input, Test test, ArgumentList arguments, bool isNegated) : Expression
{
    protected override Value Compute(Execution run)
    {
        Value value = input.Evaluate(run);
        return BoolValue.Of(test(run, value, arguments.Evaluate(run)) != isNegated);
    }
}
