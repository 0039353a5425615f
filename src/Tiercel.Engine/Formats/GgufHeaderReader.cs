namespace Tiercel.Engine.Formats;

/// <summary>Reads and checks the header of one file: magic, version, counts, metadata, tensor table.</summary>
internal sealed class GgufHeaderReader
{
    /// <summary>A key of one byte with its length, a type, a value of one byte.</summary>
    private const int MinEntryBytes = 8 + 1 + 4 + 1;

    private readonly GgufCursor _cursor;
    private readonly int _fileIndex;

    private GgufHeaderReader(GgufCursor cursor, int fileIndex)
    {
        _cursor = cursor;
        _fileIndex = fileIndex;
    }

    /// <summary>Reads the header from the cursor's start.</summary>
    /// <param name="fileIndex">What the tensors carry as <see cref="GgufTensor.FileIndex"/>.</param>
    public static GgufHeader Read(GgufCursor cursor, int fileIndex) => new GgufHeaderReader(cursor, fileIndex).Read();

    private GgufHeader Read()
    {
        GgufSignature.Check(_cursor);
        int tensorCount = ReadCount("tensor count", GgufLimits.Tensors, GgufTensorTable.MinEntryBytes);
        int entryCount = ReadCount("metadata count", GgufLimits.MetadataEntries, MinEntryBytes);
        _cursor.Require(((long)tensorCount * GgufTensorTable.MinEntryBytes) + ((long)entryCount * MinEntryBytes), "tensor count and metadata count");

        GgufMetadata metadata = ReadMetadata(entryCount);
        return new GgufHeader(metadata, GgufTensorTable.Read(_cursor, tensorCount, _fileIndex, ReadAlignment(metadata)));
    }

    private int ReadCount(string field, long limit, int minBytes)
    {
        ulong stated = _cursor.ReadUInt64(field);
        if (stated > (ulong)limit)
        {
            throw _cursor.Fail($"{field} is {stated}, the limit is {limit}");
        }

        if (stated > (ulong)(_cursor.BytesLeft / minBytes))
        {
            throw _cursor.Fail($"{field} is {stated}, for which the {_cursor.BytesLeft} bytes left in the file are too few");
        }

        return (int)stated;
    }

    private GgufMetadata ReadMetadata(int count)
    {
        Dictionary<string, object> values = new(count);
        for (int i = 0; i < count; i++)
        {
            string key = ReadKey(i);
            string field = $"metadata key '{GgufNames.Shorten(key)}'";
            _cursor.Charge(128, field);
            var type = (GgufValueType)_cursor.ReadUInt32(field);
            if (!values.TryAdd(key, GgufValueReader.Read(_cursor, type, field)))
            {
                throw _cursor.Fail($"{field} is there twice");
            }
        }

        return new GgufMetadata(values);
    }

    private string ReadKey(int index)
    {
        string field = $"key of metadata entry {index}";
        string key = _cursor.ReadString(field, GgufLimits.KeyBytes);
        if (key.Length == 0)
        {
            throw _cursor.Fail($"{field} is empty");
        }

        // Keys go into messages and onto terminals, and the format allows ASCII only.
        return GgufNames.IsPrintableAscii(key) ? key : throw _cursor.Fail($"{field} has characters that are not printable ASCII");
    }

    private long ReadAlignment(GgufMetadata metadata)
    {
        const string Key = "general.alignment";
        object? value = metadata[Key];
        if (value is null)
        {
            return GgufLimits.DefaultAlignment;
        }

        if (value is not long alignment)
        {
            throw _cursor.Fail($"metadata key '{Key}' is not an integer");
        }

        // The format asks for a multiple of 8. Without the upper limit, padding could carry a sum past 2^63 or make a small file ask for gigabytes.
        if (alignment is < 8 or > GgufLimits.MaxAlignment || !long.IsPow2(alignment))
        {
            throw _cursor.Fail($"metadata key '{Key}' is {alignment}; it must be a power of two from 8 to {GgufLimits.MaxAlignment}");
        }

        return alignment;
    }
}
