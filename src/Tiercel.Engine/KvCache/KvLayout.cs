using Tiercel.Engine.Models;

namespace Tiercel.Engine.KvCache;

/// <summary>
/// Where things lie in a block of the cache. A block holds its layers one after another; a layer its heads; a head first the keys, then the values of
/// <see cref="KvStorage.BlockSize"/> tokens. Keys are stored with the tokens side by side, [length][32 tokens], so that a vector of lanes scores as many
/// tokens at once; values are stored row by row, [32 tokens][length]. With Q8_0 the float16 scales come first, one for each token and 32 floats
/// of a head: [length / 32][32 tokens] for keys, [32 tokens][length / 32] for values.
/// </summary>
internal sealed record KvLayout
{
    /// <summary>Floats of a head that share one scale.</summary>
    public const int ScaleGroup = 32;

    private const int Alignment = 64;

    public KvLayout(KvType type, int layerCount, int headCount, int keyLength, int valueLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(layerCount, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(headCount, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(keyLength, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(valueLength, 1);
        Type = type;
        LayerCount = layerCount;
        HeadCount = headCount;
        KeyLength = keyLength;
        ValueLength = valueLength;
        KeyBytes = HeadBytes(type, keyLength);
        ValueBytes = HeadBytes(type, valueLength);
        LayerBytes = checked((long)headCount * (KeyBytes + ValueBytes));
        BlockBytes = checked(layerCount * LayerBytes);
    }

    public KvType Type { get; }

    public int LayerCount { get; }

    public int HeadCount { get; }

    public int KeyLength { get; }

    public int ValueLength { get; }

    /// <summary>Bytes of the keys of one head, a multiple of a cache line.</summary>
    public int KeyBytes { get; }

    public int ValueBytes { get; }

    public long LayerBytes { get; }

    public long BlockBytes { get; }

    public static KvLayout Of(ModelSpec spec, KvType type) => new(type, spec.LayerCount, spec.KvHeadCount, spec.KeyLength, spec.ValueLength);

    /// <summary>Scales of one token in a head of this length.</summary>
    public static int ScaleGroups(int length) => (length + ScaleGroup - 1) / ScaleGroup;

    private static int HeadBytes(KvType type, int length)
    {
        int bytes = type switch
        {
            KvType.F32 => length * KvStorage.BlockSize * sizeof(float),
            KvType.F16 => length * KvStorage.BlockSize * sizeof(ushort),
            KvType.Q8_0 => ((ScaleGroups(length) * sizeof(ushort)) + length) * KvStorage.BlockSize,
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown key/value type"),
        };
        return (bytes + Alignment - 1) / Alignment * Alignment;
    }
}
