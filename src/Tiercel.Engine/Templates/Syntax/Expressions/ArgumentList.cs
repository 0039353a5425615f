using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary>The arguments of a call as written: positional ones, named ones, <c>*list</c> and <c>**dict</c>.</summary>
internal sealed record ArgumentList(
    IReadOnlyList<Expression> Positional,
    IReadOnlyList<(string Name, Expression Value)> Named,
    Expression? Spread = null,
    Expression? NamedSpread = null)
{
    public static readonly ArgumentList None = new([], []);

    public CallArguments Evaluate(Execution run)
    {
        if (ReferenceEquals(this, None))
        {
            return CallArguments.None;
        }

        List<Value> positional = new(Positional.Count);
        foreach (Expression argument in Positional)
        {
            positional.Add(argument.Evaluate(run));
        }

        if (Spread is not null)
        {
            positional.AddRange(Spread.Evaluate(run).RequireElements(run));
        }

        return new CallArguments(positional, Named.Count == 0 && NamedSpread is null ? CallArguments.NoNames : EvaluateNamed(run));
    }

    private Dictionary<string, Value> EvaluateNamed(Execution run)
    {
        Dictionary<string, Value> named = [];
        foreach ((string name, Expression value) in Named)
        {
            Add(named, name, value.Evaluate(run));
        }

        if (NamedSpread?.Evaluate(run) is Value spread)
        {
            DictValue dict = spread as DictValue ?? throw new ChatTemplateException($"'**' needs a mapping, not '{spread.TypeName}'");
            foreach ((Value key, Value value) in dict.Entries)
            {
                run.Step();
                Add(named, (key as TextValue)?.Text ?? throw new ChatTemplateException("'**' needs string keys"), value);
            }
        }

        return named;
    }

    private static void Add(Dictionary<string, Value> named, string name, Value value)
    {
        if (!named.TryAdd(name, value))
        {
            throw new ChatTemplateException($"argument '{name}' is given twice");
        }
    }
}
