using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Syntax;

namespace Tiercel.Engine.Templates.Values;

/// <summary>A macro together with the scope it was written in. Calling it gives the text that its body prints.</summary>
internal sealed class MacroValue(MacroDefinition definition, Scope closure) : Value
{
    public override string TypeName => "Macro";

    public override bool IsTrue => true;

    public override bool IsCallable => true;

    public override Value Call(Execution run, CallArguments arguments)
    {
        run.Descend();
        int line = run.Line;
        Scope caller = run.Scope;
        TextBuilder output = run.Output;
        run.Scope = new Scope(closure);
        run.Output = new TextBuilder(run);
        Bind(run, arguments);
        definition.Body.Execute(run);
        TextValue result = run.Output.ToText();
        run.Output = output;
        run.Scope = caller;
        run.Line = line;
        run.Ascend();
        return result;
    }

    public override void Print(TextBuilder output) => output.Append($"<Macro '{definition.Name}'>", isTrusted: true);

    private void Bind(Execution run, CallArguments arguments)
    {
        IReadOnlyList<MacroParameter> parameters = definition.Parameters;
        if (arguments.Positional.Count > parameters.Count && !definition.UsesExtraPositional)
        {
            throw new ChatTemplateException($"macro '{definition.Name}' takes not more than {parameters.Count} argument(s)");
        }

        DictValue extra = BindNamed(run, arguments);
        for (int i = 0; i < parameters.Count; i++)
        {
            if (i < arguments.Positional.Count)
            {
                run.Scope.Set(parameters[i].Name, arguments.Positional[i]);
            }
            else if (!arguments.Named.ContainsKey(parameters[i].Name))
            {
                run.Scope.Set(parameters[i].Name, parameters[i].Default?.Evaluate(run)
                    ?? new UndefinedValue($"parameter '{parameters[i].Name}' was not provided"));
            }
        }

        run.Scope.Set("varargs", SequenceValue.Tuple([.. arguments.Positional.Skip(parameters.Count)]));
        run.Scope.Set("kwargs", extra);
    }

    /// <summary>Binds named arguments; returns those that are no parameters.</summary>
    private DictValue BindNamed(Execution run, CallArguments arguments)
    {
        DictValue extra = new();
        foreach ((string name, Value value) in arguments.Named)
        {
            int index = definition.IndexOf(name);
            if (index >= 0 && index < arguments.Positional.Count)
            {
                throw new ChatTemplateException($"macro '{definition.Name}' got two values for argument '{name}'");
            }

            if (index >= 0 || (name == "caller" && definition.UsesCaller))
            {
                run.Scope.Set(name, value);
            }
            else if (definition.UsesExtraNamed)
            {
                extra.Set(name, value);
            }
            else
            {
                throw new ChatTemplateException($"macro '{definition.Name}' takes no keyword argument '{name}'");
            }
        }

        return extra;
    }
}
