using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary><c>{% call macro() %}…{% endcall %}</c>: the macro prints the body where it calls <c>caller()</c>.</summary>
internal sealed class CallBlockStatement(CallExpression call, MacroDefinition block, int line) : Statement(line)
{
    protected override Flow Act(Execution run)
    {
        call.EvaluateWith(run, "caller", new MacroValue(block, run.Scope)).Print(run.Output);
        return Flow.Next;
    }
}
