using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Runtime;

/// <summary>Evaluated arguments of a call, a filter or a test.</summary>
internal sealed record CallArguments(IReadOnlyList<Value> Positional, IReadOnlyDictionary<string, Value> Named)
{
    public static readonly IReadOnlyDictionary<string, Value> NoNames = new Dictionary<string, Value>();

    public static readonly CallArguments None = new([], NoNames);

    /// <summary>Matches the arguments with a signature; too many, too few and unknown ones are errors.</summary>
    public BoundArguments Bind(string function, int required, params ReadOnlySpan<string> names)
    {
        if (Positional.Count > names.Length)
        {
            throw new ChatTemplateException($"{function}() takes at most {names.Length} argument(s), {Positional.Count} given");
        }

        Value?[] values = new Value?[names.Length];
        for (int i = 0; i < Positional.Count; i++)
        {
            values[i] = Positional[i];
        }

        foreach ((string name, Value value) in Named)
        {
            int index = names.IndexOf(name);
            if (index < 0)
            {
                throw new ChatTemplateException($"{function}() takes no argument '{name}'");
            }

            if (values[index] is not null)
            {
                throw new ChatTemplateException($"{function}() got two values for argument '{name}'");
            }

            values[index] = value;
        }

        for (int i = 0; i < required; i++)
        {
            if (values[i] is null)
            {
                throw new ChatTemplateException($"{function}() misses argument '{names[i]}'");
            }
        }

        return new BoundArguments(function, values);
    }
}
