namespace Tiercel.Engine.Formats;

/// <summary>
/// Reads the tensor table. The format asks that each tensor begin where the one before it ends, rounded up to the alignment; holding the file to that
/// rules out overlaps and gaps, and leaves one sum to watch for overflow.
/// </summary>
internal static class GgufTensorTable
{
    /// <summary>A name of one byte with its length, a number of dimensions, one dimension, a type, an offset.</summary>
    public const int MinEntryBytes = 8 + 1 + 4 + 8 + 4 + 8;

    /// <param name="cursor">Stands at the first entry; stands at the end of the header afterwards.</param>
    /// <param name="alignment">A power of two, in bytes.</param>
    public static IReadOnlyList<GgufTensor> Read(GgufCursor cursor, int count, int fileIndex, long alignment)
    {
        var tensors = new GgufTensor[count];
        HashSet<string> names = new(count);
        long end = 0;
        for (int i = 0; i < count; i++)
        {
            GgufTensor tensor = ReadEntry(cursor, i, fileIndex);
            string field = $"tensor '{tensor.Name}'";
            cursor.Charge(256, field);
            if (!names.Add(tensor.Name))
            {
                throw cursor.Fail($"{field} is there twice");
            }

            if (tensor.Offset != end)
            {
                throw cursor.Fail($"offset of {field} is {(ulong)tensor.Offset}; it must be {end}, where the data before it ends");
            }

            end = Pad(cursor, Sum(cursor, end, tensor.ByteCount, field), alignment, field);
            tensors[i] = tensor;
        }

        return Place(cursor, tensors, Pad(cursor, cursor.Position, alignment, "start of the tensor data"));
    }

    /// <summary>Turns offsets into the data section into offsets into the file, each checked against the file's end.</summary>
    private static GgufTensor[] Place(GgufCursor cursor, GgufTensor[] tensors, long dataStart)
    {
        for (int i = 0; i < tensors.Length; i++)
        {
            string field = $"tensor '{tensors[i].Name}'";
            long start = Sum(cursor, dataStart, tensors[i].Offset, field);
            long end = Sum(cursor, start, tensors[i].ByteCount, field);
            if (end > cursor.Length)
            {
                throw cursor.Fail($"data of {field} ends at byte {end}, and the file ends at {cursor.Length}");
            }

            tensors[i] = tensors[i] with { Offset = start };
        }

        return tensors;
    }

    private static GgufTensor ReadEntry(GgufCursor cursor, int index, int fileIndex)
    {
        string name = ReadName(cursor, index);
        string field = $"tensor '{name}'";
        uint rank = cursor.ReadUInt32(field);
        if (rank is 0 or > GgufLimits.Dimensions)
        {
            throw cursor.Fail($"{field} has {rank} dimensions; it must have 1 to {GgufLimits.Dimensions}");
        }

        long[] shape = new long[rank];
        for (int i = 0; i < shape.Length; i++)
        {
            ulong size = cursor.ReadUInt64(field);
            shape[i] = size is > 0 and <= long.MaxValue ? (long)size : throw cursor.Fail($"dimension {i} of {field} is {size}");
        }

        var type = (TensorType)cursor.ReadUInt32(field);
        ulong offset = cursor.ReadUInt64(field);
        return new GgufTensor(name, type, shape, fileIndex, (long)offset, CountBytes(cursor, type, shape, field));
    }

    private static string ReadName(GgufCursor cursor, int index)
    {
        string field = $"name of tensor {index}";
        string name = cursor.ReadString(field, GgufLimits.TensorNameBytes);
        if (name.Length == 0)
        {
            throw cursor.Fail($"{field} is empty");
        }

        return GgufNames.HasControlCharacters(name) ? throw cursor.Fail($"{field} has control characters") : name;
    }

    private static long CountBytes(GgufCursor cursor, TensorType type, long[] shape, string field)
    {
        if (!TensorLayout.TryGet(type, out TensorLayout layout))
        {
            throw cursor.Fail($"{field} has type {TensorLayout.NameOf(type)}, which is not supported");
        }

        if (shape[0] % layout.BlockElements != 0)
        {
            throw cursor.Fail($"{field} has rows of {shape[0]} elements, which is not a multiple of {layout.BlockElements}, the block of type {type}");
        }

        try
        {
            // Both products can overflow: the number of elements, which code that runs later multiplies too, and the number of bytes.
            long elements = shape.Aggregate(1L, (product, size) => checked(product * size));
            return checked(elements / layout.BlockElements * layout.BlockBytes);
        }
        catch (OverflowException)
        {
            throw cursor.Fail($"dimensions of {field}, {string.Join(" x ", shape)}, multiply to more than 2^63-1 elements or bytes");
        }
    }

    private static long Sum(GgufCursor cursor, long left, long right, string field)
        => right <= long.MaxValue - left ? left + right : throw cursor.Fail($"{field}: sizes add up to more than 2^63-1 bytes");

    private static long Pad(GgufCursor cursor, long size, long alignment, string field) => Sum(cursor, size, alignment - 1, field) & -alignment;
}
