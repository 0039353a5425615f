namespace Tiercel.Gateway.Configuration;

/// <summary>Compares what two files mean: order, spelling and comments make no difference, and what is left out is its default.</summary>
public static class ConfigurationDiff
{
    /// <summary>Changes in the order of the new file, then what is gone in the order of the old one.</summary>
    public static IReadOnlyList<ConfigurationChange> Between(ConfigurationReading old, ConfigurationReading @new)
    {
        List<ConfigurationChange> changes = [];
        string? inside = null;
        foreach ((string path, ConfigurationValue value) in @new.Values)
        {
            if (!old.Values.TryGetValue(path, out ConfigurationValue? before))
            {
                if (IsFirst(path, value, ref inside))
                {
                    changes.Add(new ConfigurationChange(path, null, TextOf(path, value, @new), value.NeedsRestart));
                }
            }
            else if (before.Text != value.Text)
            {
                changes.Add(new ConfigurationChange(path, before.Text, value.Text, value.NeedsRestart));
            }
        }

        inside = null;
        foreach ((string path, ConfigurationValue value) in old.Values.Where(entry => !@new.Values.ContainsKey(entry.Key)))
        {
            if (IsFirst(path, value, ref inside))
            {
                changes.Add(new ConfigurationChange(path, TextOf(path, value, old), null, value.NeedsRestart));
            }
        }

        return changes;
    }

    /// <summary>A thing that only one side has is one change, not one for each of its values, which follow it.</summary>
    private static bool IsFirst(string path, ConfigurationValue value, ref string? inside)
    {
        if (inside is not null && IsBelow(path, inside))
        {
            return false;
        }

        inside = value.IsEntry ? path : null;
        return true;
    }

    private static string TextOf(string path, ConfigurationValue value, ConfigurationReading side) => value.IsEntry ? Summary(path, side) : value.Text;

    private static string Summary(string path, ConfigurationReading side)
    {
        IEnumerable<string> given = side.Values
            .Where(entry => IsBelow(entry.Key, path) && !entry.Value.IsDefault && !entry.Value.IsEntry)
            .Select(entry => $"{entry.Key[path.Length..].TrimStart('.')}: {entry.Value.Text}");
        string text = string.Join(", ", given) is { Length: > 0 } all ? $"{{ {all} }}" : "{ }";
        return text.Length <= 200 ? text : $"{text.AsSpan(0, 196)} … }}";
    }

    private static bool IsBelow(string path, string parent) =>
        path.Length > parent.Length && path.StartsWith(parent, StringComparison.Ordinal) && path[parent.Length] is '.' or '[';
}
