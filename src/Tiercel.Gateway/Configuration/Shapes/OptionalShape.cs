using System.Text.Json.Nodes;
using Tiercel.Gateway.Configuration.Yaml;

namespace Tiercel.Gateway.Configuration.Shapes;

/// <summary>A value type that may be left out.</summary>
internal sealed class OptionalShape<T>(Shape<T> inner) : Shape<T?>
    where T : struct
{
    public override string Title => inner.Title;

    public override JsonObject Schema() => inner.Schema();

    public override string Format(T? value) => inner.Format(value!.Value);

    public override bool TryRead(YamlNode node, string path, bool needsRestart, ReadingContext context, out T? value)
    {
        bool good = inner.TryRead(node, path, needsRestart, context, out T given);
        value = good ? given : null;
        return good;
    }
}
