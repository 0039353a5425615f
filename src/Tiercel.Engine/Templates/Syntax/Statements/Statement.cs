using Tiercel.Engine.Templates.Runtime;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary>A node that prints or changes something.</summary>
internal abstract class Statement(int line)
{
    public int Line { get; } = line;

    public Flow Execute(Execution run)
    {
        run.Descend();
        run.Line = Line;
        Flow flow = Act(run);
        run.Ascend();
        return flow;
    }

    protected abstract Flow Act(Execution run);
}
