using System.Buffers.Binary;
using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels.Quantization;

namespace Tiercel.Engine.Kernels;

/// <summary>Expands stored rows to float32; block layouts are those of ggml.</summary>
public static class Dequantizer
{
    /// <summary>Expands one row of whole blocks.</summary>
    /// <exception cref="ArgumentException">The row is not whole blocks, or the source has another size than its blocks need.</exception>
    public static void DequantizeRow(TensorType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        TensorLayout layout = TensorLayout.Of(type);
        if (destination.Length % layout.BlockElements != 0)
        {
            throw new ArgumentException($"a row of {destination.Length} elements is not whole blocks of {layout.BlockElements} ({type})", nameof(destination));
        }

        if (source.Length != layout.RowBytes(destination.Length))
        {
            throw new ArgumentException(
                $"a row of {destination.Length} elements of {type} has {layout.RowBytes(destination.Length)} bytes, not {source.Length}", nameof(source));
        }

        if (QuantFormat.Of(type) is { } format)
        {
            Blocks(type, format, layout, source, destination);
        }
        else
        {
            Floats(type, source, destination);
        }
    }

    private static void Floats(TensorType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int i = 0; i < destination.Length; i++)
        {
            destination[i] = type switch
            {
                TensorType.F32 => BinaryPrimitives.ReadSingleLittleEndian(source[(i * 4)..]),
                TensorType.F16 => (float)BinaryPrimitives.ReadHalfLittleEndian(source[(i * 2)..]),
                _ => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(source[(i * 2)..]) << 16),
            };
        }
    }

    private static void Blocks(TensorType type, QuantFormat format, TensorLayout layout, ReadOnlySpan<byte> source, Span<float> destination)
    {
        BlockFields fields = new(
            stackalloc byte[BlockFields.MaxElements], stackalloc sbyte[BlockFields.MaxGroups], stackalloc byte[BlockFields.MaxGroups]);
        for (int block = 0; block < destination.Length / layout.BlockElements; block++)
        {
            BlockReader.Read(type, source.Slice(block * layout.BlockBytes, layout.BlockBytes), ref fields);
            Expand(format, fields, destination.Slice(block * layout.BlockElements, layout.BlockElements));
        }
    }

    private static void Expand(QuantFormat format, in BlockFields fields, Span<float> destination)
    {
        ReadOnlySpan<sbyte> table = format.Table.Span;
        float blockScale = format.ScaleValue(fields.Scale);
        float blockOffset = format.HasOffsets ? (float)BitConverter.UInt16BitsToHalf(fields.Offset) : 0f;
        for (int group = 0; group < format.GroupsPerBlock; group++)
        {
            float scale = format.HasGroupScales ? blockScale * fields.GroupScales[group] : blockScale;
            float offset = format.HasGroupScales ? blockOffset * fields.GroupOffsets[group] : blockOffset;
            for (int i = group * format.GroupElements; i < (group + 1) * format.GroupElements; i++)
            {
                int quant = table.IsEmpty ? fields.Codes[i] - format.Zero : table[fields.Codes[i]];
                destination[i] = format.HasOffsets ? (scale * quant) + offset : scale * quant;
            }
        }
    }
}
