using Tiercel.Engine.Templates.Runtime;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary><c>{{ expression }}</c>.</summary>
internal sealed class OutputStatement(Expression expression, int line) : Statement(line)
{
    protected override Flow Act(Execution run)
    {
        expression.Evaluate(run).Print(run.Output);
        return Flow.Next;
    }
}
