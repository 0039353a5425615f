using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary><c>[a, b]</c> or <c>(a, b)</c>.</summary>
internal sealed class SequenceExpression(IReadOnlyList<Expression> items, SequenceKind kind) : Expression
{
    public IReadOnlyList<Expression> Items { get; } = items;

    protected override Value Compute(Execution run)
    {
        List<Value> values = new(Items.Count);
        foreach (Expression item in Items)
        {
            values.Add(item.Evaluate(run));
        }

        return new SequenceValue(values, kind);
    }
}
