using Tiercel.Gateway.Configuration.Yaml;

namespace Tiercel.Gateway.Configuration.Shapes;

/// <summary>The values of one section while it is read, and where each stands.</summary>
internal sealed class SectionValues(YamlNode section, string path, ReadingContext context)
{
    private readonly Dictionary<Key, (object? Value, YamlNode? Node)> _values = [];

    public ReadingContext Context => context;

    public string Path => path;

    public YamlNode Node => section;

    /// <summary>Whether a check of the section as a whole found something wrong.</summary>
    public bool IsWrong { get; private set; }

    public T Get<T>(Key<T> key) => (T)_values[key].Value!;

    public bool IsGiven(Key key) => _values[key].Node is not null;

    /// <summary>The node of a key, or the section's own where the key is left out.</summary>
    public YamlNode NodeOf(Key key) => _values[key].Node ?? section;

    public void Set(Key key, object? value, YamlNode? node) => _values[key] = (value, node);

    /// <summary>Says that a key's value does not go with the others.</summary>
    public void Wrong(Key key, string reason)
    {
        context.Error(NodeOf(key), ConfigurationPath.Child(path, key.Name), reason);
        IsWrong = true;
    }

    public void Note(Key key, string reason) => context.Note(NodeOf(key), ConfigurationPath.Child(path, key.Name), reason);
}
