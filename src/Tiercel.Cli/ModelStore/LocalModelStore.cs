namespace Tiercel.Cli.ModelStore;

/// <summary>
/// The models on this machine: a folder of plain files, <c>USER/REPO/FILE.gguf</c>, that can be read, copied and deleted with any tool, each pulled one
/// with a small JSON record beside it. Names are only ever compared with what lies there, so no name can lead out of the folder.
/// </summary>
internal sealed class LocalModelStore
{
    public const string BundledName = "tiercel-tiny";

    private const int MaxDepth = 9;
    private const int ListedNames = 20;

    private readonly string? _bundledPath;

    /// <param name="folder">Need not exist.</param>
    /// <param name="bundledPath">Where the model that comes with the program lies, if there is one.</param>
    public LocalModelStore(string folder, string? bundledPath = null)
    {
        Folder = Path.GetFullPath(folder);
        _bundledPath = bundledPath;
    }

    public string Folder { get; }

    /// <summary><c>$TIERCEL_HOME/models</c>, or <c>~/.tiercel/models</c>.</summary>
    public static string DefaultFolder(Func<string, string?> variable)
    {
        string home = variable("TIERCEL_HOME") is { Length: > 0 } set
            ? set
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".tiercel");
        return Path.Combine(home, "models");
    }

    /// <summary>All models in the store, by name; the bundled one is last.</summary>
    public IReadOnlyList<StoredModel> List()
    {
        List<StoredModel> models = [.. Scan().OrderBy(model => model.Name, StringComparer.OrdinalIgnoreCase)];
        if (_bundledPath is not null && File.Exists(_bundledPath))
        {
            models.Add(Describe(BundledName, [_bundledPath], record: null, problem: null));
        }

        return models;
    }

    /// <summary>
    /// Finds a model by <c>user/repo:QUANT</c>, <c>user/repo</c>, either with <c>hf.co/</c> before it, the name of its file with or without
    /// <c>.gguf</c>, a path to a file anywhere, whatever it is called, or <c>tiercel-tiny</c>.
    /// </summary>
    /// <exception cref="ModelStoreException">There is no such model, or several; the message lists them.</exception>
    public StoredModel Find(string name)
    {
        Refuse(name);
        IReadOnlyList<StoredModel> models = List();
        List<StoredModel> fitting = Fitting(models, name);
        if (fitting.Count == 0 && File.Exists(name))
        {
            return Describe(Path.GetFileNameWithoutExtension(name), [Path.GetFullPath(name)], record: null, problem: null);
        }

        if (fitting.Count == 0 && Directory.Exists(name))
        {
            throw new ModelStoreException($"'{StorePaths.Show(name)}' is a folder; name one of the .gguf files in it");
        }

        if (fitting.Count == 0 && name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
        {
            throw new ModelStoreException($"there is no file '{StorePaths.Show(name)}'");
        }

        return One(fitting, models, name);
    }

    /// <summary>Deletes a model's files and its record, and the folders that they leave empty.</summary>
    /// <returns>What was removed.</returns>
    /// <exception cref="ModelStoreException">There is no such model in the store, or several.</exception>
    public StoredModel Remove(string name)
    {
        Refuse(name);
        IReadOnlyList<StoredModel> models = List();
        StoredModel model = One(Fitting(models, name), models, name);
        if (model.Path == _bundledPath)
        {
            throw new ModelStoreException($"{BundledName} comes with the program and cannot be removed");
        }

        try
        {
            foreach (string file in model.Files.Append(ModelRecordFiles.PathOf(model.Path)).Concat(model.Files.SelectMany(Partials)))
            {
                File.Delete(file);
            }

            RemoveEmptyFolders(Path.GetDirectoryName(model.Path)!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelStoreException($"cannot remove {model.Path}: {e.Message}", e);
        }

        return model;
    }

    /// <summary>Where a file of a repository lies, or would.</summary>
    /// <exception cref="ModelStoreException">The name is not safe.</exception>
    public string PathOf(string repository, string file) => StorePaths.Below(Folder, $"{repository}/{file}");

    /// <summary>What the record that covers a file says of it.</summary>
    public ModelRecordFile? RecordedFile(string repository, string file)
    {
        string folder = Path.GetDirectoryName(PathOf(repository, file))!;
        return Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, "*.gguf.json")
                .Select(path => ModelRecordFiles.Read(path, out _))
                .Where(record => record?.Repository == repository)
                .SelectMany(record => record!.Files)
                .FirstOrDefault(recorded => recorded.Path == file)
            : null;
    }

    /// <summary>Writes the record of a model whose files are all in place.</summary>
    public StoredModel Add(ModelRecord record)
    {
        string first = PathOf(record.Repository, record.Files[0].Path);
        ModelRecordFiles.Write(ModelRecordFiles.PathOf(first), record);
        return Scan().First(model => model.Path == first);
    }

    private static void Refuse(string name)
    {
        if (name.Length == 0 || name.Any(char.IsControl))
        {
            throw new ModelStoreException($"'{StorePaths.Show(name)}' is not a model name");
        }
    }

    private static StoredModel One(List<StoredModel> fitting, IReadOnlyList<StoredModel> models, string name) => fitting switch
    {
        [var one] => one,
        [] when models.Count == 0 => throw new ModelStoreException($"there is no model '{StorePaths.Show(name)}', and none at all; pull one: tiercel pull user/repo"),
        [] => throw new ModelStoreException($"there is no model '{StorePaths.Show(name)}'; there are {Names(models)}"),
        _ => throw new ModelStoreException($"'{StorePaths.Show(name)}' could be any of {Names(fitting)}"),
    };

    private static string Names(IReadOnlyList<StoredModel> models)
    {
        string listed = string.Join(", ", models.Take(ListedNames).Select(model => model.Name));
        return models.Count <= ListedNames ? listed : $"{listed} and {models.Count - ListedNames} more";
    }

    /// <summary>The ways to name a model, the most exact first; the first that finds anything decides.</summary>
    private List<StoredModel> Fitting(IReadOnlyList<StoredModel> models, string name)
    {
        // The bundled model's name is its own, even if a file of the same name lies in the folder.
        List<Func<StoredModel, bool>> ways = [model => Same(name, BundledName) && model.Path == _bundledPath, model => Same(model.Name, name), model => IsSamePath(model.Path, name)];
        if (HubModelName.TryParse(name, out HubModelName? hub))
        {
            ways.Add(model => Same(RepositoryOf(model), hub.FullName) && (hub.Variant is null || Same(model.Quantization, hub.Variant)));
            ways.Add(model => Same(RepositoryOf(model), hub.FullName) && Same(model.Quantization, $"UD-{hub.Variant}"));
            ways.Add(model => Same(RepositoryOf(model), hub.FullName) && model.Files.Any(file => IsFileNamed(file, hub.Variant)));
        }

        ways.Add(model => model.Files.Any(file => IsFileNamed(file, name)));
        return ways.Select(way => models.Where(way).ToList()).FirstOrDefault(found => found.Count > 0) ?? [];
    }

    private static bool Same(string? left, string? right) => string.Equals(left, right, StringComparison.OrdinalIgnoreCase);

    private static bool IsSamePath(string path, string name)
        => name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) && string.Equals(path, Path.GetFullPath(name), StringComparison.Ordinal);

    private static bool IsFileNamed(string path, string? name)
        => name is not null && (Same(Path.GetFileName(path), name) || Same(GgufFileName.Of(Path.GetFileName(path))?.Stem, name));

    private string? RepositoryOf(StoredModel model)
    {
        string[] parts = Path.GetRelativePath(Folder, model.Path).Split(Path.DirectorySeparatorChar);
        return parts.Length >= 3 && parts[0] != ".." ? $"{parts[0]}/{parts[1]}" : null;
    }

    private List<StoredModel> Scan()
    {
        if (!Directory.Exists(Folder))
        {
            return [];
        }

        EnumerationOptions options = new() { RecurseSubdirectories = true, MaxRecursionDepth = MaxDepth, AttributesToSkip = FileAttributes.None };
        List<StoredModel> models = [.. Directory.EnumerateFiles(Folder, "*.gguf", options)
            .Select(path => (Path: path, Name: GgufFileName.Of(Path.GetFileName(path))!))
            .GroupBy(file => (Path.GetDirectoryName(file.Path), file.Name.Stem, file.Name.ShardCount))
            .Select(files => Describe([.. files.OrderBy(file => file.Name.Shard).Select(file => file.Path)], files.Key.ShardCount))];

        // Where one name would mean two files, both are called by their files.
        HashSet<string> twice = [.. models.GroupBy(model => model.Name, StringComparer.OrdinalIgnoreCase).Where(group => group.Count() > 1).Select(group => group.Key)];
        return models.ConvertAll(model => twice.Contains(model.Name)
            ? model with { Name = RepositoryOf(model) is { } repository ? $"{repository}:{Path.GetFileName(model.Path)}" : Path.GetRelativePath(Folder, model.Path) }
            : model);
    }

    private StoredModel Describe(string[] files, int shardCount)
    {
        ModelRecord? record = ModelRecordFiles.Read(ModelRecordFiles.PathOf(files[0]), out string? problem);
        if (files.Length != shardCount)
        {
            problem = $"{files.Length} of its {shardCount} files are here";
        }

        StoredModel model = Describe(string.Empty, files, record, problem);
        string name = RepositoryOf(model) is { } repository
            ? $"{repository}:{model.Quantization ?? Path.GetFileName(files[0])}"
            : GgufFileName.Of(Path.GetFileName(files[0]))!.Stem;
        return model with { Name = name };
    }

    private static StoredModel Describe(string name, string[] files, ModelRecord? record, string? problem)
        => new(
            name,
            files[0],
            files,
            files.Sum(file => new FileInfo(file).Length),
            record?.Quantization ?? GgufFileName.Of(Path.GetFileName(files[0]))?.Quantization,
            record,
            problem);

    private static IEnumerable<string> Partials(string file)
        => Directory.EnumerateFiles(Path.GetDirectoryName(file)!, "*.partial")
            .Where(partial => Path.GetFileName(partial).StartsWith(Path.GetFileName(file) + ".", StringComparison.Ordinal));

    private void RemoveEmptyFolders(string folder)
    {
        while (folder.Length > Folder.Length && folder.StartsWith(Folder, StringComparison.Ordinal) && !Directory.EnumerateFileSystemEntries(folder).Any())
        {
            Directory.Delete(folder);
            folder = Path.GetDirectoryName(folder)!;
        }
    }
}
