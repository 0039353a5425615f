using Tiercel.Engine.Templates.Runtime;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary><c>break</c> or <c>continue</c>.</summary>
internal sealed class FlowStatement(Flow flow, int line) : Statement(line)
{
    protected override Flow Act(Execution run) => flow;
}
