using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary>A node that has a value.</summary>
internal abstract class Expression
{
    public Value Evaluate(Execution run)
    {
        run.Descend();
        Value value = Compute(run);
        run.Ascend();
        return value;
    }

    protected abstract Value Compute(Execution run);
}
