using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary>A loop. Each round has a scope of its own: what it sets is gone in the next.</summary>
internal sealed class ForStatement(Target target, Expression source, Expression? condition, Body body, Body otherwise, bool isRecursive, int line)
    : Statement(line)
{
    protected override Flow Act(Execution run)
    {
        Loop(run, source.Evaluate(run).RequireElements(run));
        return Flow.Next;
    }

    private void Loop(Execution run, IReadOnlyList<Value> all)
    {
        Scope outer = run.Scope;
        IReadOnlyList<Value> elements = condition is null ? all : Select(run, condition, all, outer);
        LoopValue loop = new(elements, ++run.LoopDepth, isRecursive ? Recurse : null);
        for (int i = 0; i < elements.Count; i++)
        {
            run.Step();
            loop.Index = i;
            run.Scope = new Scope(outer);
            target.Assign(run, elements[i]);
            run.Scope.Set("loop", loop);
            if (body.Execute(run) == Flow.Break)
            {
                break;
            }
        }

        run.LoopDepth--;
        run.Scope = outer;
        if (elements.Count == 0)
        {
            otherwise.ExecuteScoped(run);
        }
    }

    private List<Value> Select(Execution run, Expression test, IReadOnlyList<Value> all, Scope outer)
    {
        List<Value> selected = [];
        foreach (Value element in all)
        {
            run.Scope = new Scope(outer);
            target.Assign(run, element);
            if (test.Evaluate(run).IsTrue)
            {
                selected.Add(element);
            }
        }

        run.Scope = outer;
        return selected;
    }

    /// <summary><c>loop(children)</c>: the same loop over other elements, as text.</summary>
    private TextValue Recurse(Execution run, IReadOnlyList<Value> elements)
    {
        run.Descend();
        TextBuilder output = run.Output;
        run.Output = new TextBuilder(run);
        Loop(run, elements);
        TextValue text = run.Output.ToText();
        run.Output = output;
        run.Ascend();
        return text;
    }
}
