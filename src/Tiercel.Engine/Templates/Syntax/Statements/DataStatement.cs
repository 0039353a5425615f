using Tiercel.Engine.Templates.Runtime;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary>Text between tags.</summary>
internal sealed class DataStatement(string text, int line) : Statement(line)
{
    protected override Flow Act(Execution run)
    {
        run.Output.Append(text, isTrusted: true);
        return Flow.Next;
    }
}
