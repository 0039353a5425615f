using System.Text.Json.Nodes;
using Tiercel.Gateway.Configuration.Yaml;

namespace Tiercel.Gateway.Configuration.Shapes;

/// <summary>A list of the same.</summary>
/// <param name="item">What each is.</param>
/// <param name="max">Most that there may be; at least one is wanted.</param>
/// <param name="nameOf">What tells one item from the others, and stays when the order changes. Null where an item is its own name.</param>
internal sealed class ListShape<T>(Shape<T> item, int max, Func<T, string>? nameOf = null) : Shape<IReadOnlyList<T>>
{
    public override string Title => $"list of {item.Title}";

    public override JsonObject Schema() => new()
    {
        ["type"] = "array",
        ["minItems"] = 1,
        ["maxItems"] = max,
        ["items"] = item.Schema(),
    };

    public override IEnumerable<(string Suffix, ISection Section)> Sections() => item.Sections().Select(found => ("[]" + found.Suffix, found.Section));

    public override string Format(IReadOnlyList<T> value) => $"[{string.Join(", ", value.Select(item.Format))}]";

    public override void KeepDefault(IReadOnlyList<T> value, string path, bool needsRestart, ReadingContext context)
    {
        if (nameOf is null)
        {
            base.KeepDefault(value, path, needsRestart, context);
            return;
        }

        foreach (T one in value ?? [])
        {
            string itemPath = ConfigurationPath.Child(path, nameOf(one));
            context.Values.Add((itemPath, new ConfigurationValue("", needsRestart) { IsEntry = true, IsDefault = true }));
            item.KeepDefault(one, itemPath, needsRestart, context);
        }
    }

    public override bool TryRead(YamlNode node, string path, bool needsRestart, ReadingContext context, out IReadOnlyList<T> value)
    {
        value = [];
        if (node is not YamlList list)
        {
            context.Error(node, path, $"wants {Title}: each on a line of its own after '- ', or in [ ]");
            return false;
        }

        if (list.Items.Count == 0 || list.Items.Count > max)
        {
            context.Error(node, path, list.Items.Count == 0 ? "is empty" : FormattableString.Invariant($"has {list.Items.Count} items, and {max} are allowed"));
            return false;
        }

        List<T> items = [];
        bool good = true;
        int firstValue = context.Values.Count;
        Dictionary<string, int> places = new(StringComparer.Ordinal);
        for (int i = 0; i < list.Items.Count; i++)
        {
            string itemPath = ConfigurationPath.Item(path, i);
            int before = context.Values.Count;
            if (!item.TryRead(list.Items[i], itemPath, needsRestart, context, out T read))
            {
                good = false;
                continue;
            }

            items.Add(read);
            string name = nameOf?.Invoke(read) ?? item.Format(read);
            if (!places.TryAdd(name, i))
            {
                context.Error(list.Items[i], itemPath, $"'{name}' is here already, as item {places[name]}");
                good = false;
            }
            else if (nameOf is not null)
            {
                Rename(context, before, itemPath, ConfigurationPath.Child(path, name), needsRestart);
            }
        }

        if (nameOf is null && good)
        {
            // A list of plain values is one value.
            context.Values.RemoveRange(firstValue, context.Values.Count - firstValue);
            context.Keep(path, Format(items), needsRestart, isDefault: false);
        }

        value = items;
        return good;
    }

    private static void Rename(ReadingContext context, int from, string old, string name, bool needsRestart)
    {
        for (int i = from; i < context.Values.Count; i++)
        {
            (string path, ConfigurationValue value) = context.Values[i];
            context.Values[i] = (name + path[old.Length..], value);
        }

        context.Values.Insert(from, (name, new ConfigurationValue("", needsRestart) { IsEntry = true }));
    }
}
