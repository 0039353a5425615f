using System.Text.Json.Nodes;
using Tiercel.Gateway.Configuration.Yaml;

namespace Tiercel.Gateway.Configuration.Shapes;

/// <summary>Named things of the same shape.</summary>
/// <param name="what">What one of them is called: <c>pool</c>.</param>
/// <param name="section">What may be said of one.</param>
/// <param name="names">What a name may be.</param>
/// <param name="max">Most that there may be.</param>
/// <param name="named">Gives one its name.</param>
internal sealed class MapShape<T>(string what, Section<T> section, Shape<string> names, int max, Func<string, T, T> named)
    : Shape<IReadOnlyDictionary<string, T>>
{
    public override string Title => $"{what}{(what[^1] == 's' ? "es" : "s")} by name";

    public override JsonObject Schema() => new()
    {
        ["type"] = "object",
        ["propertyNames"] = names.Schema(),
        ["maxProperties"] = max,
        ["additionalProperties"] = section.Schema(),
    };

    public override IEnumerable<(string Suffix, ISection Section)> Sections() =>
        section.Sections().Select(found => ($".{what.ToUpperInvariant()}{found.Suffix}", found.Section));

    public override string Format(IReadOnlyDictionary<string, T> value) => string.Join(", ", value.Keys);

    public override void KeepDefault(IReadOnlyDictionary<string, T> value, string path, bool needsRestart, ReadingContext context)
    {
        // None of them: nothing is in force.
    }

    public override bool TryRead(YamlNode node, string path, bool needsRestart, ReadingContext context, out IReadOnlyDictionary<string, T> value)
    {
        Dictionary<string, T> all = new(StringComparer.Ordinal);
        value = all;
        if (node is not YamlMap map)
        {
            context.Error(node, path, $"wants {Title}: NAME: and what it is");
            return false;
        }

        if (map.Entries.Count > max)
        {
            context.Error(node, path, FormattableString.Invariant($"has {map.Entries.Count} entries, and {max} are allowed"));
            return false;
        }

        bool good = true;
        Dictionary<string, int> lines = new(StringComparer.Ordinal);
        foreach ((YamlScalar key, YamlNode entry) in map.Entries)
        {
            int before = context.Values.Count;
            bool nameIsGood = names.TryRead(key with { IsPlain = false }, path, needsRestart, context, out string name);
            context.Values.RemoveRange(before, context.Values.Count - before);
            string entryPath = ConfigurationPath.Child(path, name ?? "");
            if (!nameIsGood)
            {
                good = false;
                continue;
            }

            if (!lines.TryAdd(name!, key.Line))
            {
                context.Error(key, entryPath, FormattableString.Invariant($"this {what} is given already, at line {lines[name!]}"));
                good = false;
                continue;
            }

            context.Define(what, name!);
            context.Values.Add((entryPath, new ConfigurationValue("", needsRestart) { IsEntry = true }));
            if (section.TryRead(entry, entryPath, needsRestart, context, out T read))
            {
                all.Add(name!, named(name!, read));
            }
            else
            {
                good = false;
            }
        }

        return good;
    }
}
