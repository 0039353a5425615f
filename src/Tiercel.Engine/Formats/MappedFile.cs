using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace Tiercel.Engine.Formats;

/// <summary>
/// A file mapped into memory, held open as long as the map. If another program cuts the file short, touching a page past its new end kills the process
/// (SIGBUS; no managed code can catch it). So the length is asked again each time an address is handed out, and the open handle keeps the weights alive
/// when the file is replaced or deleted, which is what an orderly update does. What remains: a file cut short in place while its weights are being read.
/// </summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile? _map;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly byte* _address;
    private bool _disposed;

    public MappedFile(string path)
    {
        Path = path;

        // Devices and pipes have no length. They are turned away before they are opened, because opening a pipe waits for its writer.
        if (LengthOf(path) == 0)
        {
            throw new ModelFormatException($"{System.IO.Path.GetFileName(path)}: the file is empty");
        }

        Handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        try
        {
            Length = RandomAccess.GetLength(Handle);
            if (Length > 0)
            {
                _map = MemoryMappedFile.CreateFromFile(Handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
                _view = _map.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
                _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _address);
            }
        }
        catch
        {
            Release();
            throw;
        }
    }

    public string Path { get; }

    public SafeFileHandle Handle { get; }

    /// <summary>Bytes in the file when it was opened, all of them mapped.</summary>
    public long Length { get; }

    /// <summary>Address of a range of the file.</summary>
    /// <exception cref="ModelFormatException">The range is outside the file as it is now.</exception>
    public nint GetAddress(long offset, long count, string field)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        long now = Math.Min(Length, RandomAccess.GetLength(Handle));
        if (offset < 0 || count < 0 || offset > now || count > now - offset)
        {
            string shrunk = now < Length ? $"; it was {Length} bytes long when it was opened" : string.Empty;
            throw new ModelFormatException($"{System.IO.Path.GetFileName(Path)}: data of {field} is {count} bytes at {offset}, and the file ends at {now}{shrunk}");
        }

        return (nint)(_address + offset);
    }

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            Release();
        }
    }

    private static long LengthOf(string path)
    {
        FileInfo file = new(path);
        return (file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file).Length;
    }

    private void Release()
    {
        if (_address is not null)
        {
            _view!.SafeMemoryMappedViewHandle.ReleasePointer();
        }

        _view?.Dispose();
        _map?.Dispose();
        Handle.Dispose();
    }
}
