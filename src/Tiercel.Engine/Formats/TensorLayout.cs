namespace Tiercel.Engine.Formats;

/// <summary>Elements and bytes of one block of a tensor type; floats are blocks of one element.</summary>
public readonly record struct TensorLayout(int BlockElements, int BlockBytes)
{
    /// <summary>The layout of a type.</summary>
    /// <exception cref="ModelFormatException">The type is not supported.</exception>
    public static TensorLayout Of(TensorType type) => type switch
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
        _ => throw new ModelFormatException($"tensor type {(uint)type} is not supported"),
    };

    /// <summary>Bytes of a row of <paramref name="columns"/> elements, which must be whole blocks.</summary>
    public long RowBytes(long columns) => checked(columns / BlockElements * BlockBytes);
}
