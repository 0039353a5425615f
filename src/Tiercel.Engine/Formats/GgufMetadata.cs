namespace Tiercel.Engine.Formats;

/// <summary>
/// The key/value section of a model file. A getter returns null for a missing key and throws <see cref="ModelFormatException"/>, naming the key,
/// for one of another type or out of range. Integers of any width and sign are read as <see cref="long"/>.
/// </summary>
public sealed class GgufMetadata
{
    private readonly IReadOnlyDictionary<string, object> _values;

    /// <summary>Values are boxed scalars (bool, long, ulong above 2^63-1, double, string) or arrays of those (bool[], long[], double[], string[], object[]).</summary>
    public GgufMetadata(IReadOnlyDictionary<string, object> values)
    {
        _values = values;
    }

    public IReadOnlyCollection<string> Keys => [.. _values.Keys];

    public object? this[string key] => _values.GetValueOrDefault(key);

    public string? GetString(string key) => Get<string>(key);

    public long? GetInteger(string key) => _values.TryGetValue(key, out object? value) ? value is long number ? number : throw Mistyped(key, "an integer") : null;

    /// <summary>A float, or an integer as one.</summary>
    public double? GetNumber(string key) => _values.TryGetValue(key, out object? value)
        ? value is double number ? number : value is long integer ? integer : throw Mistyped(key, "a number")
        : null;

    public bool? GetBoolean(string key) => _values.TryGetValue(key, out object? value) ? value is bool flag ? flag : throw Mistyped(key, "a boolean") : null;

    public IReadOnlyList<string>? GetStrings(string key) => Get<string[]>(key);

    public IReadOnlyList<long>? GetIntegers(string key) => Get<long[]>(key);

    public IReadOnlyList<double>? GetNumbers(string key) => Get<double[]>(key);

    public IReadOnlyList<bool>? GetBooleans(string key) => Get<bool[]>(key);

    private T? Get<T>(string key)
        where T : class
        => _values.TryGetValue(key, out object? value) ? value as T ?? throw Mistyped(key, typeof(T).Name) : null;

    private static ModelFormatException Mistyped(string key, string expected) => new($"metadata key '{key}' is not {expected}");
}
