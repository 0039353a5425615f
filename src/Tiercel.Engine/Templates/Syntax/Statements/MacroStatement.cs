using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary><c>{% macro name(parameters) %}…{% endmacro %}</c>.</summary>
internal sealed class MacroStatement(MacroDefinition definition, int line) : Statement(line)
{
    protected override Flow Act(Execution run)
    {
        run.Scope.Set(definition.Name, new MacroValue(definition, run.Scope));
        return Flow.Next;
    }
}
