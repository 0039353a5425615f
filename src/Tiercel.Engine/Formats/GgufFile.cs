namespace Tiercel.Engine.Formats;

/// <summary>
/// A model in GGUF v3 (or v2, which has the same layout), memory-mapped, split files included. Everything in it has been checked
/// against the size of the file before this object exists. Format: ggml's docs/gguf.md.
/// </summary>
public sealed class GgufFile : IDisposable
{
    private GgufFile(string path, GgufMetadata metadata, IReadOnlyDictionary<string, GgufTensor> tensors)
    {
        Path = path;
        Metadata = metadata;
        Tensors = tensors;
    }

    public string Path { get; }

    public GgufMetadata Metadata { get; }

    public IReadOnlyDictionary<string, GgufTensor> Tensors { get; }

    /// <summary>Opens a model; for a split one, any of its files may be named.</summary>
    /// <exception cref="ModelFormatException">The file is not a usable model; the message names what is wrong.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static GgufFile Open(string path) => throw new NotImplementedException();

    /// <summary>Address of a tensor's data, valid for its <see cref="GgufTensor.ByteCount"/> bytes until this object is disposed.</summary>
    public nint GetAddress(GgufTensor tensor) => throw new NotImplementedException();

    public void Dispose()
    {
    }
}
