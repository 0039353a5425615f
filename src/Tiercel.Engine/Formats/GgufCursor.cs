using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Microsoft.Win32.SafeHandles;

namespace Tiercel.Engine.Formats;

/// <summary>
/// Reads the header of a model file from front to back. It reads through a buffer and not through the memory map: if the file shrinks meanwhile, a read
/// comes back short, which is an error like any other, where a mapped page would end the process.
/// </summary>
internal sealed class GgufCursor
{
    private const int BufferBytes = 64 << 10;

    private readonly SafeFileHandle _handle;
    private readonly string _fileName;
    private readonly HeaderBudget _budget;
    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _start;
    private int _end;

    /// <param name="handle">The open file; not owned.</param>
    /// <param name="length">Bytes in the file when it was opened.</param>
    /// <param name="fileName">Goes before each error message.</param>
    public GgufCursor(SafeFileHandle handle, long length, string fileName, HeaderBudget budget)
    {
        _handle = handle;
        Length = length;
        _fileName = fileName;
        _budget = budget;
    }

    public long Length { get; }

    public long Position { get; private set; }

    public long BytesLeft => Length - Position;

    public uint ReadUInt32(string field) => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint), field));

    public ulong ReadUInt64(string field) => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong), field));

    /// <summary>The next bytes, valid until the next call; at most 64 KiB at once.</summary>
    public ReadOnlySpan<byte> Take(int count, string field)
    {
        Require(count, field);
        if (_end - _start < count)
        {
            Fill(count, field);
        }

        ReadOnlySpan<byte> taken = _buffer.AsSpan(_start, count);
        _start += count;
        Position += count;
        return taken;
    }

    /// <summary>A length in 8 bytes, then that many bytes of UTF-8.</summary>
    public string ReadString(string field, long maxBytes)
    {
        ReadOnlySpan<byte> bytes = ReadUtf8(field, maxBytes);

        // A string object has 22 bytes besides its characters, and no more characters than the file has bytes for it.
        Charge(24 + (2L * bytes.Length), field);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>The bytes of a string, valid until the next call.</summary>
    public ReadOnlySpan<byte> ReadUtf8(string field, long maxBytes)
    {
        ulong stated = ReadUInt64(field);
        if (stated > (ulong)maxBytes)
        {
            throw Fail($"{field}: a string of {stated} bytes, the limit is {maxBytes}");
        }

        int count = (int)stated;
        Require(count, field);
        ReadOnlySpan<byte> bytes = count <= BufferBytes ? Take(count, field) : TakeLong(count, field);
        return Utf8.IsValid(bytes) ? bytes : throw Fail($"{field}: the {count} bytes before byte {Position} are not valid UTF-8");
    }

    /// <summary>Refuses to go on if fewer bytes are left; to be called before anything is allocated for them.</summary>
    public void Require(long count, string field)
    {
        if (count > BytesLeft)
        {
            throw Fail($"{field}: {count} bytes are needed at byte {Position}, and the file ends at {Length}");
        }
    }

    /// <summary>Counts memory that is about to be allocated for the header.</summary>
    public void Charge(long bytes, string field)
    {
        if (!_budget.TryTake(bytes))
        {
            throw Fail($"{field}: with it the header takes more than {GgufLimits.HeaderMemory >> 20} MiB of memory, the limit");
        }
    }

    public ModelFormatException Fail(string message) => new(string.Create(CultureInfo.InvariantCulture, $"{_fileName}: {message}"));

    private byte[] TakeLong(int count, string field)
    {
        Charge(count, field);
        byte[] bytes = GC.AllocateUninitializedArray<byte>(count);
        for (int filled = 0; filled < count;)
        {
            int part = Math.Min(BufferBytes, count - filled);
            Take(part, field).CopyTo(bytes.AsSpan(filled));
            filled += part;
        }

        return bytes;
    }

    private void Fill(int needed, string field)
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        _end -= _start;
        _start = 0;
        while (_end < needed)
        {
            int read = RandomAccess.Read(_handle, _buffer.AsSpan(_end), Position + _end);
            if (read == 0)
            {
                throw Fail($"{field}: the file ended at byte {Position + _end} while it was being read; it was {Length} bytes long when it was opened");
            }

            _end += read;
        }
    }
}
