namespace Tiercel.Engine.Formats;

/// <summary>
/// The key/value section of a model file. A getter returns null for a missing key and throws <see cref="ModelFormatException"/>, naming the key,
/// for one of another type or out of range. Integers of any width and sign are read as <see cref="long"/>.
/// </summary>
public sealed class GgufMetadata
{
    private readonly IReadOnlyDictionary<string, object> _values;

    /// <summary>Values are boxed scalars (bool, long, ulong above 2^63-1, double, string) or arrays of those (bool[], long[], double[], <see cref="GgufTexts"/> or string[], object[]).</summary>
    public GgufMetadata(IReadOnlyDictionary<string, object> values)
    {
        _values = values;
    }

    public IReadOnlyCollection<string> Keys => [.. _values.Keys];

    public object? this[string key] => _values.GetValueOrDefault(key);

    public string? GetString(string key) => Get<string>(key, "a string");

    public long? GetInteger(string key) => _values.GetValueOrDefault(key) switch
    {
        null => null,
        long number => number,
        ulong number => throw new ModelFormatException($"metadata key '{GgufNames.Shorten(key)}' is {number}, which is above 2^63-1"),
        _ => throw Mistyped(key, "an integer"),
    };

    /// <summary>A float, or an integer as one.</summary>
    public double? GetNumber(string key) => _values.GetValueOrDefault(key) switch
    {
        null => null,
        double number => number,
        long number => number,
        ulong number => number,
        _ => throw Mistyped(key, "a number"),
    };

    public bool? GetBoolean(string key) => _values.GetValueOrDefault(key) switch
    {
        null => null,
        bool flag => flag,
        _ => throw Mistyped(key, "a boolean"),
    };

    public GgufTexts? GetStrings(string key) => _values.GetValueOrDefault(key) switch
    {
        null => null,
        GgufTexts texts => texts,
        string[] strings => GgufTexts.Of(strings),
        _ => throw Mistyped(key, "an array of strings"),
    };

    public IReadOnlyList<long>? GetIntegers(string key) => Get<long[]>(key, "an array of integers");

    public IReadOnlyList<double>? GetNumbers(string key) => Get<double[]>(key, "an array of floats");

    public IReadOnlyList<bool>? GetBooleans(string key) => Get<bool[]>(key, "an array of booleans");

    private T? Get<T>(string key, string expected)
        where T : class
        => _values.TryGetValue(key, out object? value) ? value as T ?? throw Mistyped(key, expected) : null;

    private static ModelFormatException Mistyped(string key, string expected) => new($"metadata key '{GgufNames.Shorten(key)}' is not {expected}");
}
