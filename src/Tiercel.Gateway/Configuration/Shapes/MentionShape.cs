using System.Text.Json.Nodes;
using Tiercel.Gateway.Configuration.Yaml;

namespace Tiercel.Gateway.Configuration.Shapes;

/// <summary>The name of something that the same file defines.</summary>
internal sealed class MentionShape(string kind, Shape<string> name) : Shape<string>
{
    public override string Title => $"name of a {kind}";

    public override JsonObject Schema() => name.Schema();

    public override string Format(string value) => value;

    public override bool TryRead(YamlNode node, string path, bool needsRestart, ReadingContext context, out string value)
    {
        if (!name.TryRead(node, path, needsRestart, context, out value))
        {
            return false;
        }

        context.Mention(kind, value, node, path);
        return true;
    }
}
