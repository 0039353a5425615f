using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Tiercel.Engine.Formats;

namespace Tiercel.Testing;

/// <summary>
/// Writes small models in GGUF: metadata of every type, tensors of any type with the bytes given. It notes where each field went, so that a test can
/// overwrite one and get a file that is broken in exactly that place. It checks nothing: the same key may be added twice.
/// </summary>
public sealed class GgufWriter
{
    private const int StringType = 8;
    private const int ArrayType = 9;

    private readonly List<(string Key, uint Type, byte[] Value)> _metadata = [];
    private readonly List<(string Name, TensorType Type, long[] Shape, long ByteCount, Action<Stream> WriteData)> _tensors = [];
    private readonly Dictionary<string, GgufMark> _marks = [];

    public uint Version { get; init; } = 3;

    /// <summary>What the offsets are padded to; written as metadata only by <see cref="Add"/> of <c>general.alignment</c>.</summary>
    public int Alignment { get; init; } = 32;

    /// <summary>
    /// Fields of the file last written: <c>magic</c>, <c>version</c>, <c>tensors</c>, <c>entries</c>; <c>key K</c>, <c>type K</c>, <c>value K</c>;
    /// <c>name T</c>, <c>rank T</c>, <c>size0 T</c>…, <c>type T</c>, <c>offset T</c>; <c>data</c>. Keys and names stand on their lengths.
    /// </summary>
    public IReadOnlyDictionary<string, GgufMark> Marks => _marks;

    /// <summary>Adds a value: a number of any width, bool, string, an array of those, or an object[] of arrays.</summary>
    public GgufWriter Add(string key, object value)
    {
        using MemoryStream bytes = new();
        WriteValue(bytes, value);
        return AddRaw(key, TypeOf(value), bytes.ToArray());
    }

    /// <summary>Adds a value as the bytes it has in the file.</summary>
    public GgufWriter AddRaw(string key, uint type, byte[] value)
    {
        _metadata.Add((key, type, value));
        return this;
    }

    /// <summary>Adds a tensor; the first size is the contiguous one. Without data it is all zero bytes.</summary>
    public GgufWriter AddTensor(string name, TensorType type, long[] shape, byte[]? data = null)
    {
        long count = ByteCount(type, shape);
        return AddTensor(name, type, shape, stream => stream.Write(data ?? new byte[count]));
    }

    /// <summary>Adds a tensor whose data is written when it is its turn, for models too large for one array.</summary>
    /// <param name="writeData">Writes exactly the bytes that type and shape ask for.</param>
    public GgufWriter AddTensor(string name, TensorType type, long[] shape, Action<Stream> writeData)
    {
        _tensors.Add((name, type, shape, ByteCount(type, shape), writeData));
        return this;
    }

    public void Save(string path)
    {
        using FileStream stream = File.Create(path);
        Write(stream);
    }

    /// <summary>The file, with some fields overwritten: each by its mark, with the low bytes of the number, as many as the field has.</summary>
    public byte[] ToArray(params (string Mark, ulong Value)[] overwritten)
    {
        using MemoryStream stream = new();
        Write(stream);
        byte[] bytes = stream.ToArray();
        Span<byte> number = stackalloc byte[sizeof(ulong)];
        foreach ((string mark, ulong value) in overwritten)
        {
            GgufMark place = _marks[mark];
            BinaryPrimitives.WriteUInt64LittleEndian(number, value);
            number[..place.Size].CopyTo(bytes.AsSpan((int)place.Offset));
        }

        return bytes;
    }

    public void Write(Stream stream)
    {
        _marks.Clear();
        using BinaryWriter writer = new(stream, Encoding.UTF8, leaveOpen: true);
        Mark(writer, "magic", 4).Write("GGUF"u8);
        Mark(writer, "version", 4).Write(Version);
        Mark(writer, "tensors", 8).Write((ulong)_tensors.Count);
        Mark(writer, "entries", 8).Write((ulong)_metadata.Count);
        foreach ((string key, uint type, byte[] value) in _metadata)
        {
            WriteString(Mark(writer, $"key {key}", 8), key);
            Mark(writer, $"type {key}", 4).Write(type);
            Mark(writer, $"value {key}", Math.Min(8, value.Length)).Write(value);
        }

        WriteTensors(writer);
        writer.Flush();
    }

    private void WriteTensors(BinaryWriter writer)
    {
        long offset = 0;
        foreach ((string name, TensorType type, long[] shape, long byteCount, _) in _tensors)
        {
            WriteString(Mark(writer, $"name {name}", 8), name);
            Mark(writer, $"rank {name}", 4).Write((uint)shape.Length);
            for (int i = 0; i < shape.Length; i++)
            {
                Mark(writer, string.Create(CultureInfo.InvariantCulture, $"size{i} {name}"), 8).Write(shape[i]);
            }

            Mark(writer, $"type {name}", 4).Write((uint)type);
            Mark(writer, $"offset {name}", 8).Write(offset);
            offset = Pad(offset + byteCount);
        }

        // The last tensor is not padded: nothing that the file needs may be missing from its end unnoticed.
        foreach ((string name, _, _, long byteCount, Action<Stream> writeData) in _tensors)
        {
            writer.Flush();
            writer.Write(new byte[Pad(writer.BaseStream.Position) - writer.BaseStream.Position]);
            Mark(writer, $"data {name}", 8).Flush();
            long start = writer.BaseStream.Position;
            writeData(writer.BaseStream);
            long written = writer.BaseStream.Position - start;
            if (written != byteCount)
            {
                throw new ArgumentException($"tensor '{name}' has {written} bytes of data, type and shape ask for {byteCount}");
            }
        }
    }

    private BinaryWriter Mark(BinaryWriter writer, string name, int size)
    {
        writer.Flush();
        _marks.TryAdd(name, new GgufMark(writer.BaseStream.Position, size));
        return writer;
    }

    private long Pad(long size) => (size + Alignment - 1) / Alignment * Alignment;

    private static long ByteCount(TensorType type, long[] shape)
        => TensorLayout.Of(type).RowBytes(shape[0]) * shape.Skip(1).Aggregate(1L, (product, size) => product * size);

    private static void WriteString(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static uint TypeOf(object value) => value switch
    {
        byte => 0,
        sbyte => 1,
        ushort => 2,
        short => 3,
        uint => 4,
        int => 5,
        float => 6,
        bool => 7,
        string => StringType,
        Array => ArrayType,
        ulong => 10,
        long => 11,
        double => 12,
        _ => throw new ArgumentException($"no metadata type for {value.GetType()}", nameof(value)),
    };

    private static uint ElementTypeOf(Array array) => array switch
    {
        string[] => StringType,
        object[] => ArrayType,
        _ => TypeOf(Activator.CreateInstance(array.GetType().GetElementType()!)!),
    };

    private static void WriteValue(Stream stream, object value)
    {
        using BinaryWriter writer = new(stream, Encoding.UTF8, leaveOpen: true);
        switch (value)
        {
            case string text: WriteString(writer, text); break;
            case byte number: writer.Write(number); break;
            case sbyte number: writer.Write(number); break;
            case ushort number: writer.Write(number); break;
            case short number: writer.Write(number); break;
            case uint number: writer.Write(number); break;
            case int number: writer.Write(number); break;
            case ulong number: writer.Write(number); break;
            case long number: writer.Write(number); break;
            case float number: writer.Write(number); break;
            case double number: writer.Write(number); break;
            case bool flag: writer.Write(flag); break;
            case Array array:
                writer.Write(ElementTypeOf(array));
                writer.Write((ulong)array.Length);
                writer.Flush();
                foreach (object element in array)
                {
                    WriteValue(stream, element);
                }

                break;
            default: throw new ArgumentException($"no metadata type for {value.GetType()}", nameof(value));
        }
    }
}
