using Tiercel.Engine.Templates.Runtime;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary><c>{% set target = expression %}</c>.</summary>
internal sealed class SetStatement(Target target, Expression expression, int line) : Statement(line)
{
    protected override Flow Act(Execution run)
    {
        target.Assign(run, expression.Evaluate(run));
        return Flow.Next;
    }
}
