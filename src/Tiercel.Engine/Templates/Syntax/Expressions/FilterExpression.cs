using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary><c>input | filter</c>.</summary>
internal sealed class FilterExpression(Expression input, FilterCall call) : Expression
{
    protected override Value Compute(Execution run) => call.Apply(run, input.Evaluate(run));
}
