using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary><c>{key: value, …}</c>.</summary>
internal sealed class DictExpression(IReadOnlyList<(Expression Key, Expression Value)> entries) : Expression
{
    protected override Value Compute(Execution run)
    {
        DictValue dict = new();
        foreach ((Expression key, Expression value) in entries)
        {
            dict.Set(run, key.Evaluate(run), value.Evaluate(run));
        }

        return dict;
    }
}
