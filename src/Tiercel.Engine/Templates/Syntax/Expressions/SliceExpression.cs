using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary><c>target[start:stop:step]</c>.</summary>
internal sealed class SliceExpression(Expression target, Expression? start, Expression? stop, Expression? step) : Expression
{
    protected override Value Compute(Execution run)
    {
        Value value = target.Evaluate(run);
        return Access.Slice(run, value, new SliceBounds(Bound(run, start), Bound(run, stop), Bound(run, step)));
    }

    private static int? Bound(Execution run, Expression? expression) => expression?.Evaluate(run) switch
    {
        null or NoneValue => null,
        IntegerValue integer => integer.ToIndex(),
        BoolValue boolean => boolean.IsTrue ? 1 : 0,
        UndefinedValue undefined => throw undefined.Error(),
        Value other => throw new ChatTemplateException($"a slice needs integers, not '{other.TypeName}'"),
    };
}
