using System.Text.Json.Nodes;
using Tiercel.Gateway.Configuration.Yaml;

namespace Tiercel.Gateway.Configuration.Shapes;

/// <summary>A group of known keys that become one record.</summary>
/// <param name="title">What one of them is called.</param>
/// <param name="build">Makes the record.</param>
internal sealed class Section<T>(string title, string meaning, IReadOnlyList<Key> keys, Func<SectionValues, T> build) : Shape<T>, ISection
{
    public override string Title => title;

    public string Meaning => meaning;

    public IReadOnlyList<Key> Keys => keys;

    /// <summary>Says what does not go together; runs only when every key by itself is right.</summary>
    public Action<SectionValues>? Check { get; init; }

    /// <summary>Whether one of the keys takes a secret. A name that nobody knows is not repeated then: it may be one that lost its place.</summary>
    public bool HoldsSecrets { get; init; }

    public override JsonObject Schema()
    {
        JsonObject properties = [];
        foreach (Key key in keys)
        {
            JsonObject schema = key.AnyShape.Schema();
            schema["description"] = key.Meaning + (key.DefaultText is string text ? $" Default: {text}." : "");
            properties[key.Name] = schema;
        }

        JsonObject whole = new() { ["type"] = "object", ["additionalProperties"] = false, ["properties"] = properties };
        JsonArray required = [.. keys.Where(key => key.IsRequired).Select(key => JsonValue.Create(key.Name))];
        if (required.Count > 0)
        {
            whole["required"] = required;
        }

        return whole;
    }

    public override IEnumerable<(string Suffix, ISection Section)> Sections() => keys
        .SelectMany(key => key.AnyShape.Sections().Select(found => ($".{key.Name}{found.Suffix}", found.Section)))
        .Prepend(("", this));

    public override string Format(T value) => title;

    public override void KeepDefault(T value, string path, bool needsRestart, ReadingContext context)
    {
        if (value is not null)
        {
            TryRead(new YamlMap(0, 0, []), path, needsRestart, context, out _);
        }
    }

    public override bool TryRead(YamlNode node, string path, bool needsRestart, ReadingContext context, out T value)
    {
        value = default!;
        if (node is not YamlMap map)
        {
            bool isNothing = node is YamlScalar { IsNull: true };
            context.Error(node, path, isNothing ? "has no value; leave the key out for the defaults" : $"wants a group of keys: {string.Join(", ", keys.Select(key => key.Name))}");
            return false;
        }

        Dictionary<string, YamlNode> given = new(StringComparer.Ordinal);
        bool good = Sort(map, path, context, given);
        SectionValues values = new(node, path, context);
        foreach (Key key in keys)
        {
            string keyPath = ConfigurationPath.Child(path, key.Name);
            if (given.TryGetValue(key.Name, out YamlNode? child))
            {
                good &= key.TryRead(child, keyPath, needsRestart, context, values);
                continue;
            }

            if (key.IsRequired)
            {
                context.Error(node, path, $"needs '{key.Name}'");
                good = false;
            }

            key.UseDefault(node, keyPath, needsRestart, context, values);
        }

        if (!good)
        {
            return false;
        }

        value = build(values);
        Check?.Invoke(values);
        return !values.IsWrong;
    }

    private bool Sort(YamlMap map, string path, ReadingContext context, Dictionary<string, YamlNode> given)
    {
        bool good = true;
        string[] known = [.. keys.Select(key => key.Name)];
        Dictionary<string, int> lines = new(StringComparer.Ordinal);
        foreach ((YamlScalar key, YamlNode child) in map.Entries)
        {
            string name = key.Text;
            if (!known.Contains(name, StringComparer.Ordinal))
            {
                context.Error(key, path, Unknown(name, known));
                good = false;
            }
            else if (!lines.TryAdd(name, key.Line))
            {
                context.Error(key, path, FormattableString.Invariant($"'{name}' is given already, at line {lines[name]}"));
                good = false;
            }
            else
            {
                given.Add(name, child);
            }
        }

        return good;
    }

    private string Unknown(string name, string[] known)
    {
        string suggestion = NearestName.Suggest(name, known);
        bool mayBeShown = name.Length <= 64 && !name.Any(char.IsControl) && (!HoldsSecrets || NearestName.Of(name, known) is not null);
        return mayBeShown ? $"unknown key '{name}'{suggestion}" : $"unknown key{suggestion}";
    }
}
