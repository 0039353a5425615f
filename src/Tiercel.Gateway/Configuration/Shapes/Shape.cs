using System.Text.Json.Nodes;
using Tiercel.Gateway.Configuration.Yaml;

namespace Tiercel.Gateway.Configuration.Shapes;

/// <summary>What may stand in one place of the file. Parser, JSON schema and documentation all come from it.</summary>
internal abstract class Shape
{
    /// <summary>As the documentation says it.</summary>
    public abstract string Title { get; }

    /// <summary>A new object at each call: a JSON node has one parent.</summary>
    public abstract JsonObject Schema();

    /// <summary>The sections that it holds, for the documentation.</summary>
    public virtual IEnumerable<(string Suffix, ISection Section)> Sections() => [];
}

/// <inheritdoc />
internal abstract class Shape<T> : Shape
{
    /// <summary>Reads a node, or says what is wrong with it.</summary>
    public abstract bool TryRead(YamlNode node, string path, bool needsRestart, ReadingContext context, out T value);

    /// <summary>Notes what is in force where the file says nothing.</summary>
    public virtual void KeepDefault(T value, string path, bool needsRestart, ReadingContext context)
    {
        if (value is not null)
        {
            context.Keep(path, Format(value), needsRestart, isDefault: true);
        }
    }

    /// <summary>In the spelling of the file.</summary>
    public abstract string Format(T value);
}
