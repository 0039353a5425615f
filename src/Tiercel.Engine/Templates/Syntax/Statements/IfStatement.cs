using Tiercel.Engine.Templates.Runtime;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary><c>if</c> with its <c>elif</c> and <c>else</c> branches. What a branch sets is seen after it.</summary>
internal sealed class IfStatement(IReadOnlyList<(Expression Condition, Body Body)> branches, Body otherwise, int line) : Statement(line)
{
    protected override Flow Act(Execution run)
    {
        foreach ((Expression condition, Body body) in branches)
        {
            if (condition.Evaluate(run).IsTrue)
            {
                return body.Execute(run);
            }
        }

        return otherwise.Execute(run);
    }
}
