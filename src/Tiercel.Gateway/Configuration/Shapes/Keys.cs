namespace Tiercel.Gateway.Configuration.Shapes;

/// <summary>Makes the keys of the tables.</summary>
internal static class Keys
{
    public static Key<T> Required<T>(string name, Shape<T> shape, string meaning) => new(name, shape, default!, meaning) { IsRequired = true };

    public static Key<T> Default<T>(string name, Shape<T> shape, T fallback, string meaning, bool needsRestart = false) =>
        new(name, shape, fallback, meaning) { NeedsRestart = needsRestart };

    public static Key<T?> Optional<T>(string name, Shape<T> shape, string meaning, bool needsRestart = false)
        where T : class => new(name, shape!, null, meaning) { NeedsRestart = needsRestart };

    public static Key<T?> OptionalValue<T>(string name, Shape<T> shape, string meaning)
        where T : struct => new(name, new OptionalShape<T>(shape), null, meaning);
}
