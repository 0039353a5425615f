using System.Security.Cryptography;

namespace Tiercel.Cli.ModelStore;

/// <summary>
/// A file that is still coming, as <c>NAME.HASH.partial</c> beside its destination. The name carries the start of the content's SHA-256, so that a later
/// run continues only the same content. The hash is kept along with the writing, so that the end needs no second reading.
/// </summary>
internal sealed class PartialFile : IDisposable
{
    private readonly string _destination;
    private readonly HubFile _file;
    private readonly FileStream _stream;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <exception cref="ModelStoreException">The file cannot be written, or another process is writing it.</exception>
    public PartialFile(string destination, HubFile file)
    {
        _destination = destination;
        _file = file;
        Path = PathOf(destination, file);
        try
        {
            _stream = new FileStream(Path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.Asynchronous);
        }
        catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException or PathTooLongException))
        {
            throw new ModelStoreException($"cannot write {Path}; is another pull running? ({e.Message})", e);
        }
    }

    public string Path { get; }

    /// <summary>Bytes that are here and in the hash.</summary>
    public long Length { get; private set; }

    public static string PathOf(string destination, HubFile file) => $"{destination}.{file.Sha256.AsSpan(0, 16)}.partial";

    /// <summary>Reads what an earlier run left into the hash.</summary>
    public async Task HashEarlierBytesAsync(byte[] buffer, CancellationToken cancellationToken)
    {
        if (_stream.Length > _file.Size)
        {
            _stream.SetLength(0);
        }

        while (Length < _file.Size)
        {
            int read = await _stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, _file.Size - Length)), cancellationToken);
            if (read == 0)
            {
                break;
            }

            _hash.AppendData(buffer, 0, read);
            Length += read;
        }
    }

    /// <exception cref="ModelStoreException">The disk does not take it.</exception>
    public async Task AppendAsync(byte[] buffer, int count, CancellationToken cancellationToken)
    {
        try
        {
            await _stream.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        }
        catch (IOException e)
        {
            throw new ModelStoreException(
                $"cannot write {Path} ({e.Message}); {ByteSize.Format(_file.Size - Length)} are missing, a later pull goes on from here", e);
        }

        _hash.AppendData(buffer, 0, count);
        Length += count;
    }

    /// <summary>The SHA-256 of all bytes, in lower-case hex. After it the file is either moved into place or cleared.</summary>
    public string TakeHash() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    /// <summary>Starts again with no bytes.</summary>
    public void Clear()
    {
        _stream.SetLength(0);
        _stream.Position = 0;
        _hash.GetHashAndReset();
        Length = 0;
    }

    /// <summary>Puts the file where it belongs, in one step that leaves no moment with half a file.</summary>
    public void MoveIntoPlace()
    {
        _stream.Flush(flushToDisk: true);
        _stream.Dispose();
        File.Move(Path, _destination, overwrite: true);
    }

    public void Delete()
    {
        _stream.Dispose();
        File.Delete(Path);
    }

    public void Dispose()
    {
        _stream.Dispose();
        _hash.Dispose();
    }
}
