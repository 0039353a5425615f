using Tiercel.Engine.Templates.Builtins;
using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary>A filter with its arguments, without what it is applied to.</summary>
internal sealed class FilterCall(Filter filter, ArgumentList arguments)
{
    public Value Apply(Execution run, Value input) => filter(run, input, arguments.Evaluate(run));
}
