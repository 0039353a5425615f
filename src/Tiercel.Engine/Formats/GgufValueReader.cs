using System.Buffers.Binary;

namespace Tiercel.Engine.Formats;

/// <summary>Reads metadata values into the few types that <see cref="GgufMetadata"/> knows: every integer becomes a long, every float a double.</summary>
internal static class GgufValueReader
{
    /// <summary>Elements widened at once; their bytes fit the cursor's buffer.</summary>
    private const int Chunk = 4096;

    private delegate T Decode<T>(ReadOnlySpan<byte> bytes);

    public static object Read(GgufCursor cursor, GgufValueType type, string field) => type switch
    {
        GgufValueType.String => cursor.ReadString(field, GgufLimits.ValueBytes),
        GgufValueType.Array => ReadArray(cursor, field, depth: 1),
        GgufValueType.Bool => ReadBools(cursor, 1, field)[0],
        GgufValueType.Float32 => (double)BinaryPrimitives.ReadSingleLittleEndian(cursor.Take(4, field)),
        GgufValueType.Float64 => BinaryPrimitives.ReadDoubleLittleEndian(cursor.Take(8, field)),
        GgufValueType.UInt64 => cursor.ReadUInt64(field) is var number && number <= long.MaxValue ? (long)number : number,
        _ when IntegerBytes(type) is > 0 => ReadIntegers(cursor, type, 1, field)[0],
        _ => throw cursor.Fail($"{field}: value type {(uint)type} is unknown"),
    };

    private static object ReadArray(GgufCursor cursor, string field, int depth)
    {
        if (depth > GgufLimits.ArrayDepth)
        {
            throw cursor.Fail($"{field}: arrays are nested more than {GgufLimits.ArrayDepth} deep");
        }

        var type = (GgufValueType)cursor.ReadUInt32(field);
        ulong stated = cursor.ReadUInt64(field);
        int count = CheckCount(cursor, type, stated, field);
        cursor.Charge(24 + (8L * count), field);
        return type switch
        {
            GgufValueType.String => ReadStrings(cursor, count, field),
            GgufValueType.Array => ReadNested(cursor, count, field, depth),
            GgufValueType.Bool => ReadBools(cursor, count, field),
            GgufValueType.Float32 => ReadMany(cursor, count, 4, field, static bytes => (double)BinaryPrimitives.ReadSingleLittleEndian(bytes)),
            GgufValueType.Float64 => ReadMany(cursor, count, 8, field, BinaryPrimitives.ReadDoubleLittleEndian),
            _ => ReadIntegers(cursor, type, count, field),
        };
    }

    /// <summary>Holds the stated number of elements against the limit and the bytes left, by the fewest bytes that an element can take.</summary>
    private static int CheckCount(GgufCursor cursor, GgufValueType type, ulong stated, string field)
    {
        int elementBytes = type switch
        {
            GgufValueType.String => 8,
            GgufValueType.Array => 12,
            GgufValueType.Bool => 1,
            GgufValueType.Float32 => 4,
            GgufValueType.Float64 => 8,
            _ => IntegerBytes(type),
        };
        if (elementBytes == 0)
        {
            throw cursor.Fail($"{field}: array element type {(uint)type} is unknown");
        }

        if (stated > (ulong)(GgufLimits.ValueBytes / elementBytes))
        {
            throw cursor.Fail($"{field}: an array of {stated} elements of {elementBytes} bytes or more, the limit is {GgufLimits.ValueBytes} bytes");
        }

        cursor.Require((long)stated * elementBytes, field);
        return (int)stated;
    }

    private static GgufTexts ReadStrings(GgufCursor cursor, int count, string field)
    {
        long start = cursor.Position;
        int[] ends = new int[count];
        byte[] bytes = [];
        int used = 0;
        for (int i = 0; i < count; i++)
        {
            long room = GgufLimits.ValueBytes - (cursor.Position - start);
            ReadOnlySpan<byte> text = cursor.ReadUtf8(field, Math.Max(0, room));
            if (bytes.Length - used < text.Length)
            {
                // Each text takes eight bytes of the file besides its own, so that the array stays far below the limit of a value.
                int wanted = Math.Max(checked(used + text.Length), Math.Max(4096, bytes.Length * 2));
                cursor.Charge(wanted - bytes.Length, field);
                Array.Resize(ref bytes, wanted);
            }

            text.CopyTo(bytes.AsSpan(used));
            used += text.Length;
            ends[i] = used;
        }

        return new GgufTexts(bytes, ends);
    }

    private static object[] ReadNested(GgufCursor cursor, int count, string field, int depth)
    {
        var values = new object[count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = ReadArray(cursor, field, depth + 1);
        }

        return values;
    }

    private static bool[] ReadBools(GgufCursor cursor, int count, string field)
    {
        byte[] bytes = ReadMany(cursor, count, 1, field, static bytes => bytes[0]);
        int wrong = bytes.AsSpan().IndexOfAnyExcept((byte)0, (byte)1);
        return wrong < 0
            ? Array.ConvertAll(bytes, static value => value != 0)
            : throw cursor.Fail($"{field}: a boolean is {bytes[wrong]}, which is neither 0 nor 1");
    }

    private static long[] ReadIntegers(GgufCursor cursor, GgufValueType type, int count, string field)
    {
        long[] values = type switch
        {
            GgufValueType.UInt8 => ReadMany(cursor, count, 1, field, static bytes => (long)bytes[0]),
            GgufValueType.Int8 => ReadMany(cursor, count, 1, field, static bytes => (long)(sbyte)bytes[0]),
            GgufValueType.UInt16 => ReadMany(cursor, count, 2, field, static bytes => (long)BinaryPrimitives.ReadUInt16LittleEndian(bytes)),
            GgufValueType.Int16 => ReadMany(cursor, count, 2, field, static bytes => (long)BinaryPrimitives.ReadInt16LittleEndian(bytes)),
            GgufValueType.UInt32 => ReadMany(cursor, count, 4, field, static bytes => (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes)),
            GgufValueType.Int32 => ReadMany(cursor, count, 4, field, static bytes => (long)BinaryPrimitives.ReadInt32LittleEndian(bytes)),
            _ => ReadMany(cursor, count, 8, field, BinaryPrimitives.ReadInt64LittleEndian),
        };
        if (type == GgufValueType.UInt64 && values.AsSpan().IndexOfAnyInRange(long.MinValue, -1) >= 0)
        {
            throw cursor.Fail($"{field}: an element is above 2^63-1");
        }

        return values;
    }

    private static T[] ReadMany<T>(GgufCursor cursor, int count, int elementBytes, string field, Decode<T> decode)
    {
        var values = new T[count];
        for (int done = 0; done < count; done += Chunk)
        {
            int part = Math.Min(Chunk, count - done);
            ReadOnlySpan<byte> bytes = cursor.Take(part * elementBytes, field);
            for (int i = 0; i < part; i++)
            {
                values[done + i] = decode(bytes.Slice(i * elementBytes, elementBytes));
            }
        }

        return values;
    }

    private static int IntegerBytes(GgufValueType type) => type switch
    {
        GgufValueType.UInt8 or GgufValueType.Int8 => 1,
        GgufValueType.UInt16 or GgufValueType.Int16 => 2,
        GgufValueType.UInt32 or GgufValueType.Int32 => 4,
        GgufValueType.UInt64 or GgufValueType.Int64 => 8,
        _ => 0,
    };
}
