namespace Tiercel.Gateway.Configuration.Shapes;

/// <summary>A key of a section.</summary>
internal abstract class Key(string name, string meaning)
{
    public string Name { get; } = name;

    /// <summary>One sentence for the documentation and the editor.</summary>
    public string Meaning { get; } = meaning;

    public bool IsRequired { get; init; }

    /// <summary>Whether a running gateway takes a change only at its next start.</summary>
    public bool NeedsRestart { get; init; }

    public abstract Shape AnyShape { get; }

    /// <summary>The default in the spelling of the file; null where there is none.</summary>
    public abstract string? DefaultText { get; }

    /// <summary>Reads the value that a section holds for this key.</summary>
    public abstract bool TryRead(Yaml.YamlNode node, string path, bool needsRestart, ReadingContext context, SectionValues values);

    /// <summary>Takes the default.</summary>
    public abstract void UseDefault(Yaml.YamlNode section, string path, bool needsRestart, ReadingContext context, SectionValues values);
}

/// <inheritdoc />
internal sealed class Key<T>(string name, Shape<T> shape, T fallback, string meaning) : Key(name, meaning)
{
    public override Shape AnyShape => shape;

    public override string? DefaultText => fallback is null || IsRequired || shape.Sections().Any() ? null : shape.Format(fallback);

    public override bool TryRead(Yaml.YamlNode node, string path, bool needsRestart, ReadingContext context, SectionValues values)
    {
        bool good = shape.TryRead(node, path, needsRestart || NeedsRestart, context, out T value);
        values.Set(this, good ? value : fallback, node);
        return good;
    }

    public override void UseDefault(Yaml.YamlNode section, string path, bool needsRestart, ReadingContext context, SectionValues values)
    {
        values.Set(this, fallback, null);
        shape.KeepDefault(fallback, path, needsRestart || NeedsRestart, context);
    }
}
