namespace Tiercel.Engine.Formats;

/// <summary>
/// A model in GGUF v3 (or v2, which has the same layout), memory-mapped, split files included. Everything in it has been checked
/// against the size of the file before this object exists. Format: ggml's docs/gguf.md.
/// </summary>
public sealed class GgufFile : IDisposable
{
    private readonly IReadOnlyList<MappedFile> _files;

    private GgufFile(string path, GgufMetadata metadata, IReadOnlyDictionary<string, GgufTensor> tensors, IReadOnlyList<MappedFile> files)
    {
        Path = path;
        Metadata = metadata;
        Tensors = tensors;
        _files = files;
    }

    public string Path { get; }

    /// <summary>Of a split model, that of its first file, which holds all of it.</summary>
    public GgufMetadata Metadata { get; }

    public IReadOnlyDictionary<string, GgufTensor> Tensors { get; }

    /// <summary>All files of the model, the first one first.</summary>
    public IReadOnlyList<string> Paths => [.. _files.Select(file => file.Path)];

    /// <summary>Bytes of all files together.</summary>
    public long ByteCount => _files.Sum(file => file.Length);

    /// <summary>Opens a model; for a split one, any of its files may be named.</summary>
    /// <exception cref="ModelFormatException">The file is not a usable model; the message names what is wrong.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static GgufFile Open(string path)
    {
        List<MappedFile> files = [];
        try
        {
            return Open(path, files);
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    /// <summary>
    /// Address of a tensor's data, valid for its <see cref="GgufTensor.ByteCount"/> bytes until this object is disposed. The extent is checked here once
    /// more, against the length that the file has now; a file that is cut short in place after that still ends the process (see <see cref="MappedFile"/>).
    /// </summary>
    /// <exception cref="ModelFormatException">The file has shrunk, or the tensor is not of this model.</exception>
    public nint GetAddress(GgufTensor tensor)
    {
        if (tensor.FileIndex < 0 || tensor.FileIndex >= _files.Count)
        {
            throw new ModelFormatException($"tensor '{tensor.Name}' is in file {tensor.FileIndex} of a model of {_files.Count} files");
        }

        return _files[tensor.FileIndex].GetAddress(tensor.Offset, tensor.ByteCount, $"tensor '{tensor.Name}'");
    }

    public void Dispose()
    {
        foreach (MappedFile file in _files)
        {
            file.Dispose();
        }
    }

    private static GgufFile Open(string path, List<MappedFile> files)
    {
        GgufHeader named = OpenOne(path, files, new HeaderBudget());
        if (GgufSplit.Of(named, path) is not { } split)
        {
            return new GgufFile(path, named.Metadata, named.Tensors.ToDictionary(tensor => tensor.Name), files);
        }

        // The named file may be any of them; all are opened again from the first, so that the order in the list is the order of the model.
        files[0].Dispose();
        files.Clear();
        HeaderBudget budget = new();
        var headers = new GgufHeader[split.Count];
        for (int i = 0; i < headers.Length; i++)
        {
            string part = split.PathOf(path, i);
            try
            {
                headers[i] = OpenOne(part, files, budget);
            }
            catch (FileNotFoundException e)
            {
                throw new ModelFormatException($"{System.IO.Path.GetFileName(path)}: file {i + 1} of {split.Count} of the split model is missing: {part}", e);
            }

            CheckPart(headers[i], headers[0], split, i, part);
        }

        return new GgufFile(split.PathOf(path, 0), headers[0].Metadata, Join(headers, path), files);
    }

    private static GgufHeader OpenOne(string path, List<MappedFile> files, HeaderBudget budget)
    {
        MappedFile file = new(path);
        files.Add(file);
        GgufCursor cursor = new(file.Handle, file.Length, System.IO.Path.GetFileName(path), budget);
        return GgufHeaderReader.Read(cursor, files.Count - 1);
    }

    private static void CheckPart(GgufHeader header, GgufHeader first, GgufSplit split, int index, string path)
    {
        string file = System.IO.Path.GetFileName(path);
        GgufSplit? own = GgufSplit.Of(header, path);
        if (own is null || own.Count != split.Count || own.Index != index)
        {
            string stated = own is null ? "none" : $"{own.Index} of {own.Count}";
            throw new ModelFormatException($"{file}: 'split.no' and 'split.count' are {stated}; expected {index} of {split.Count}");
        }

        // Files after the first need not repeat the metadata; one that says to be another kind of model is not of this one.
        string? architecture = header.Metadata.GetString("general.architecture");
        if (architecture is not null && architecture != first.Metadata.GetString("general.architecture"))
        {
            throw new ModelFormatException($"{file}: 'general.architecture' is not that of the first file of the split model");
        }
    }

    private static Dictionary<string, GgufTensor> Join(GgufHeader[] headers, string path)
    {
        string file = System.IO.Path.GetFileName(path);
        Dictionary<string, GgufTensor> tensors = [];
        foreach (GgufTensor tensor in headers.SelectMany(header => header.Tensors))
        {
            if (!tensors.TryAdd(tensor.Name, tensor))
            {
                throw new ModelFormatException($"{file}: tensor '{tensor.Name}' is in two files of the split model");
            }
        }

        long? stated = headers[0].Metadata.GetInteger("split.tensors.count");
        if (stated is not null && stated != tensors.Count)
        {
            throw new ModelFormatException($"{file}: 'split.tensors.count' is {stated}, and the files of the split model hold {tensors.Count} tensors");
        }

        return tensors;
    }
}
