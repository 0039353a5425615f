using System.Text.Json.Nodes;
using Tiercel.Gateway.Configuration.Yaml;

namespace Tiercel.Gateway.Configuration.Shapes;

/// <summary>Reads the text of a scalar; gives the reason where it is wrong, else null.</summary>
internal delegate string? ScalarReader<T>(YamlScalar scalar, ReadingContext context, out T value);

/// <summary>A single value.</summary>
/// <param name="title">As the documentation says it.</param>
/// <param name="schema">Makes its JSON schema.</param>
internal sealed class ScalarShape<T>(string title, Func<JsonObject> schema, ScalarReader<T> read, Func<T, string> format) : Shape<T>
{
    public override string Title => title;

    public override JsonObject Schema() => schema();

    public override string Format(T value) => format(value);

    public override bool TryRead(YamlNode node, string path, bool needsRestart, ReadingContext context, out T value)
    {
        value = default!;
        string? reason = node switch
        {
            YamlScalar { IsNull: true } => "has no value; leave the key out for the default",
            YamlScalar scalar => read(scalar, context, out value),
            YamlList => $"wants {title}, and this is a list",
            _ => $"wants {title}, and this is a group of keys",
        };
        if (reason is not null)
        {
            context.Error(node, path, reason);
            return false;
        }

        context.Keep(path, format(value), needsRestart, isDefault: false);
        return true;
    }
}
