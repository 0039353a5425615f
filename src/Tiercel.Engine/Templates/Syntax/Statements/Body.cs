using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary>Statements that run one after another.</summary>
internal sealed class Body(IReadOnlyList<Statement> statements)
{
    public static readonly Body Empty = new([]);

    public Flow Execute(Execution run)
    {
        foreach (Statement statement in statements)
        {
            Flow flow = statement.Execute(run);
            if (flow != Flow.Next)
            {
                return flow;
            }
        }

        return Flow.Next;
    }

    /// <summary>Runs in a scope of its own.</summary>
    public Flow ExecuteScoped(Execution run)
    {
        Scope outer = run.Scope;
        run.Scope = new Scope(outer);
        Flow flow = Execute(run);
        run.Scope = outer;
        return flow;
    }

    /// <summary>Runs in a scope of its own and returns what was printed instead of printing it.</summary>
    public TextValue Capture(Execution run)
    {
        TextBuilder output = run.Output;
        run.Output = new TextBuilder(run);
        ExecuteScoped(run);
        TextValue text = run.Output.ToText();
        run.Output = output;
        return text;
    }
}
