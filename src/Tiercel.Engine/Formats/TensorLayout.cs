namespace Tiercel.Engine.Formats;

/// <summary>Elements and bytes of one block of a tensor type; floats are blocks of one element.</summary>
public readonly record struct TensorLayout(int BlockElements, int BlockBytes)
{
    /// <summary>The layout of a type.</summary>
    /// <exception cref="ModelFormatException">The type is not supported.</exception>
    public static TensorLayout Of(TensorType type)
        => TryGet(type, out TensorLayout layout) ? layout : throw new ModelFormatException($"tensor type {NameOf(type)} is not supported");

    public static bool TryGet(TensorType type, out TensorLayout layout)
    {
        layout = type switch
        {
            TensorType.F32 => new(1, 4),
            TensorType.F16 or TensorType.BF16 => new(1, 2),
            TensorType.Q4_0 or TensorType.IQ4_NL => new(32, 18),
            TensorType.Q4_1 => new(32, 20),
            TensorType.Q5_0 => new(32, 22),
            TensorType.Q5_1 => new(32, 24),
            TensorType.Q8_0 => new(32, 34),
            TensorType.MXFP4 => new(32, 17),
            TensorType.Q2_K => new(256, 84),
            TensorType.Q3_K => new(256, 110),
            TensorType.Q4_K => new(256, 144),
            TensorType.Q5_K => new(256, 176),
            TensorType.Q6_K => new(256, 210),
            TensorType.IQ4_XS => new(256, 136),
            _ => default,
        };
        return layout.BlockElements != 0;
    }

    /// <summary>Name and id of a type, supported or not, as it goes into a message.</summary>
    public static string NameOf(TensorType type)
    {
        string? name = (uint)type switch
        {
            4 or 5 or 31 or 32 or 33 or 36 or 37 or 38 => "removed from GGUF",
            9 => "Q8_1",
            15 => "Q8_K",
            16 => "IQ2_XXS",
            17 => "IQ2_XS",
            18 => "IQ3_XXS",
            19 => "IQ1_S",
            21 => "IQ3_S",
            22 => "IQ2_S",
            24 => "I8",
            25 => "I16",
            26 => "I32",
            27 => "I64",
            28 => "F64",
            29 => "IQ1_M",
            34 => "TQ1_0",
            35 => "TQ2_0",
            40 => "NVFP4",
            41 => "Q1_0",
            42 => "Q2_0",
            _ => Enum.GetName(type),
        };
        return $"{(uint)type} ({name ?? "unknown"})";
    }

    /// <summary>Bytes of a row of <paramref name="columns"/> elements, which must be whole blocks.</summary>
    public long RowBytes(long columns) => checked(columns / BlockElements * BlockBytes);
}
