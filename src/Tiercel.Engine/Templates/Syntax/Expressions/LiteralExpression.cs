using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary>A number, a string, True, False or None.</summary>
internal sealed class LiteralExpression(Value value) : Expression
{
    public Value Value { get; } = value;

    protected override Value Compute(Execution run) => Value;
}
