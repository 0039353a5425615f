using Tiercel.Engine.Templates.Runtime;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary>
/// <c>{% with a = 1 %}…{% endwith %}</c>, and <c>{% generation %}…{% endgeneration %}</c>, which marks an assistant's own words for training and
/// changes nothing here.
/// </summary>
internal sealed class ScopeStatement(IReadOnlyList<(Target Target, Expression Value)> variables, Body body, int line) : Statement(line)
{
    protected override Flow Act(Execution run)
    {
        Scope outer = run.Scope;
        run.Scope = new Scope(outer);
        foreach ((Target target, Expression value) in variables)
        {
            target.Assign(run, value.Evaluate(run));
        }

        Flow flow = body.Execute(run);
        run.Scope = outer;
        return flow;
    }
}
