using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary><c>callee(arguments)</c>.</summary>
internal sealed class CallExpression(Expression callee, ArgumentList arguments) : Expression
{
    /// <summary>Calls with one more named argument: what a call block hands over.</summary>
    public Value EvaluateWith(Execution run, string name, Value value)
    {
        Value target = callee.Evaluate(run);
        CallArguments evaluated = arguments.Evaluate(run);
        return target.Call(run, evaluated with { Named = new Dictionary<string, Value>(evaluated.Named) { [name] = value } });
    }

    protected override Value Compute(Execution run)
    {
        Value target = callee.Evaluate(run);
        return target.Call(run, arguments.Evaluate(run));
    }
}
