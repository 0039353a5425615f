using Tiercel.Engine.Formats;

namespace Tiercel.Engine.Models;

/// <summary>Metadata of one model, seen by its family: keys without their architecture prefix, every value checked and named when it is wrong.</summary>
internal sealed class ModelKeys
{
    private readonly GgufMetadata _metadata;
    private readonly IReadOnlyDictionary<string, GgufTensor> _tensors;

    public ModelKeys(string architecture, GgufMetadata metadata, IReadOnlyDictionary<string, GgufTensor> tensors, int? contextLength)
    {
        Architecture = architecture;
        _metadata = metadata;
        _tensors = tensors;
        ConfiguredContextLength = contextLength;
    }

    public string Architecture { get; }

    /// <summary>Tokens of context that will be configured; null for the trained length.</summary>
    public int? ConfiguredContextLength { get; }

    public string Name(string key) => $"{Architecture}.{key}";

    public bool HasTensor(string name) => _tensors.ContainsKey(name);

    public GgufTensor? FindTensor(string name) => _tensors.GetValueOrDefault(name);

    public string? Text(string key) => _metadata.GetString(Name(key));

    public bool? Flag(string key) => _metadata.GetBoolean(Name(key));

    public int? Integer(string key, int minimum, int maximum)
    {
        long? value = _metadata[Name(key)] is long[] list ? Uniform(key, list) : _metadata.GetInteger(Name(key));
        return value is null ? null : value < minimum || value > maximum
            ? throw new ModelFormatException($"metadata key '{Name(key)}' is {value}; it must lie in {minimum} to {maximum}")
            : (int)value;
    }

    public int RequiredInteger(string key, int minimum, int maximum)
        => Integer(key, minimum, maximum) ?? throw new ModelFormatException($"metadata key '{Name(key)}' is missing");

    public float? Number(string key)
    {
        double? value = _metadata.GetNumber(Name(key));
        return value is null ? null : double.IsFinite((float)value)
            ? (float)value
            : throw new ModelFormatException($"metadata key '{Name(key)}' is {value}; it must be a finite number");
    }

    /// <summary>A number above zero.</summary>
    public float? Positive(string key)
    {
        float? value = Number(key);
        return value is null or > 0 ? value : throw new ModelFormatException($"metadata key '{Name(key)}' is {value}; it must be above 0");
    }

    /// <summary>Which layers have a sliding window: a period P (the last of every P layers sees all) or a list of booleans.</summary>
    public bool[] WindowPattern(int layerCount, int defaultPeriod)
    {
        const string Key = "attention.sliding_window_pattern";
        if (_metadata[Name(Key)] is bool[] listed)
        {
            return listed.Length >= layerCount
                ? listed[..layerCount]
                : throw new ModelFormatException($"metadata key '{Name(Key)}' has {listed.Length} entries for {layerCount} layers");
        }

        int period = Integer(Key, 0, layerCount) ?? defaultPeriod;
        bool[] pattern = new bool[layerCount];
        for (int layer = 0; layer < layerCount; layer++)
        {
            pattern[layer] = period == 0 || layer % period < period - 1;
        }

        return pattern;
    }

    private long Uniform(string key, long[] list)
    {
        if (list.Length == 0 || list.AsSpan().ContainsAnyExcept(list[0]))
        {
            throw new ModelFormatException($"metadata key '{Name(key)}' differs from layer to layer (or is empty), which is not supported");
        }

        return list[0];
    }
}
