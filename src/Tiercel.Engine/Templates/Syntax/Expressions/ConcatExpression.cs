using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary><c>a ~ b ~ c</c>: the printed operands, joined.</summary>
internal sealed class ConcatExpression(IReadOnlyList<Expression> operands) : Expression
{
    protected override Value Compute(Execution run)
    {
        TextBuilder builder = new(run);
        foreach (Expression operand in operands)
        {
            operand.Evaluate(run).Print(builder);
        }

        return builder.ToText();
    }
}
