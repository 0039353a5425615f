using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary>
/// <c>{% set target %}…{% endset %}</c> and <c>{% filter … %}…{% endfilter %}</c>: what the body prints goes through the filters, then into the
/// target, or out where there is none.
/// </summary>
internal sealed class CaptureStatement(Target? target, Body body, IReadOnlyList<FilterCall> filters, int line) : Statement(line)
{
    protected override Flow Act(Execution run)
    {
        Value result = body.Capture(run);
        foreach (FilterCall call in filters)
        {
            result = call.Apply(run, result);
        }

        if (target is null)
        {
            result.Print(run.Output);
        }
        else
        {
            target.Assign(run, result);
        }

        return Flow.Next;
    }
}
