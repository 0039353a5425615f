namespace Tiercel.Engine.Kernels.Quantization;

/// <summary>The fields of one stored block, unpacked, in element order. The spans are the caller's, large enough for any type.</summary>
internal ref struct BlockFields
{
    public const int MaxElements = 256;
    public const int MaxGroups = 16;

    public BlockFields(Span<byte> codes, Span<sbyte> groupScales, Span<byte> groupOffsets)
    {
        Codes = codes[..MaxElements];
        GroupScales = groupScales[..MaxGroups];
        GroupOffsets = groupOffsets[..MaxGroups];
    }

    /// <summary>One unsigned code per element.</summary>
    public readonly Span<byte> Codes { get; }

    /// <summary>The integer each group's scale is multiplied by; not set where the format has none.</summary>
    public readonly Span<sbyte> GroupScales { get; }

    /// <summary>The integer each group's offset is multiplied by; not set where the format has none.</summary>
    public readonly Span<byte> GroupOffsets { get; }

    /// <summary>Scale of the block, float16 or bfloat16 bits.</summary>
    public ushort Scale { get; set; }

    /// <summary>Offset of the block, float16 bits, with the sign with which it is added.</summary>
    public ushort Offset { get; set; }
}
