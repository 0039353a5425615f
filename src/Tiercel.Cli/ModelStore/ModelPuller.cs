using System.Security.Cryptography;

namespace Tiercel.Cli.ModelStore;

/// <summary>Brings a model from the hub into the store.</summary>
internal sealed class ModelPuller
{
    /// <summary>Left free on the disk, for what else is written meanwhile.</summary>
    private const long SpareBytes = 64L << 20;

    private static readonly TimeSpan ReportSpacing = TimeSpan.FromMilliseconds(100);

    private readonly LocalModelStore _store;
    private readonly HubClient _hub;
    private readonly Func<string, long> _freeSpace;

    /// <param name="freeSpace">Bytes free on the disk that holds a folder; by default, what the system says.</param>
    public ModelPuller(LocalModelStore store, HubClient hub, Func<string, long>? freeSpace = null)
    {
        _store = store;
        _hub = hub;
        _freeSpace = freeSpace ?? FreeSpace;
    }

    /// <summary>
    /// Fetches a model, going on from where an earlier run stopped, and puts it into the store. When it is cancelled, what has come so far stays for
    /// the next run.
    /// </summary>
    /// <param name="name"><c>user/repo</c>, <c>user/repo:QUANT</c> or <c>user/repo:FILE.gguf</c>.</param>
    /// <param name="progress">Called at most ten times a second, from the thread that fetches, and once at the end.</param>
    /// <exception cref="ModelStoreException">The model cannot be had; the message says why in one line.</exception>
    public async Task<PullOutcome> PullAsync(string name, IProgress<PullProgress>? progress, CancellationToken cancellationToken)
    {
        try
        {
            return await RunAsync(name, progress, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelStoreException($"cannot write into {_store.Folder}: {e.Message}", e);
        }
    }

    private async Task<PullOutcome> RunAsync(string name, IProgress<PullProgress>? progress, CancellationToken cancellationToken)
    {
        var wanted = HubModelName.Parse(name);
        HubRepository repository = await _hub.GetRepositoryAsync(wanted, cancellationToken);
        var choice = VariantChoice.Of(repository, wanted.Variant);
        List<HubFile> missing = [];
        foreach (HubFile file in choice.Files)
        {
            if (!await IsHereAsync(repository, file, cancellationToken))
            {
                missing.Add(file);
            }
        }

        CheckSpace(repository, missing);
        long total = choice.Files.Sum(file => file.Size);
        Reporter reporter = new(progress, _hub.Time, total, total - missing.Sum(file => file.Size));
        long fetched = 0;
        foreach (HubFile file in missing)
        {
            fetched += await FetchAsync(repository, file, reporter, cancellationToken);
        }

        ModelRecord record = new(
            repository.Name,
            choice.Quantization,
            repository.Revision,
            _hub.Time.GetUtcNow(),
            [.. choice.Files.Select(file => new ModelRecordFile(file.Path, file.Size, file.Sha256))]);
        reporter.Finish(choice.Files[^1]);
        return new PullOutcome(_store.Add(record), fetched);
    }

    private async Task<long> FetchAsync(HubRepository repository, HubFile file, Reporter reporter, CancellationToken cancellationToken)
    {
        string destination = _store.PathOf(repository.Name, file.Path);
        Directory.CreateDirectory(Path.GetDirectoryName(destination)!);
        using FileDownload download = new(_hub, repository, file, destination, bytes => reporter.Report(file, bytes));
        await download.RunAsync(cancellationToken);
        reporter.Complete(file);
        return download.Fetched;
    }

    /// <summary>Whether the store has this very content: by its record, or, where the record is missing, by its hash.</summary>
    private async Task<bool> IsHereAsync(HubRepository repository, HubFile file, CancellationToken cancellationToken)
    {
        string path = _store.PathOf(repository.Name, file.Path);
        if (!File.Exists(path))
        {
            return false;
        }

        bool sameSize = new FileInfo(path).Length == file.Size;
        ModelRecordFile? known = _store.RecordedFile(repository.Name, file.Path);
        if (known is not null)
        {
            return sameSize && known.Sha256 == file.Sha256;
        }

        // A pull that ended before its record was written leaves such a file; anything else here was put by hand and is not ours to replace.
        if (sameSize)
        {
            await using FileStream stream = File.OpenRead(path);
            if (Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken)) == file.Sha256)
            {
                return true;
            }
        }

        throw new ModelStoreException($"{path} is here already, and it is not the file that the hub has; move or remove it first");
    }

    private void CheckSpace(HubRepository repository, List<HubFile> missing)
    {
        if (missing.Count == 0)
        {
            return;
        }

        Directory.CreateDirectory(_store.Folder);
        long earlier = missing.Sum(file => PartialBytes(repository, file));
        long needed = missing.Sum(file => file.Size) - earlier;
        long free = _freeSpace(_store.Folder);
        if (needed + SpareBytes > free)
        {
            string already = earlier > 0 ? $" ({ByteSize.Format(earlier)} of it are here)" : string.Empty;
            throw new ModelStoreException(
                $"not enough space in {_store.Folder}: {ByteSize.Format(needed)} to fetch{already} and {ByteSize.Format(SpareBytes)} to spare"
                + $" make {ByteSize.Format(needed + SpareBytes)}, and {ByteSize.Format(free)} are free");
        }
    }

    private long PartialBytes(HubRepository repository, HubFile file)
    {
        FileInfo partial = new(PartialFile.PathOf(_store.PathOf(repository.Name, file.Path), file));
        return partial.Exists ? Math.Min(partial.Length, file.Size) : 0;
    }

    private static long FreeSpace(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (ArgumentException)
        {
            // A network share on Windows has no drive that could be asked; a full disk is then met when it is written to.
            return long.MaxValue;
        }
    }

    /// <summary>Adds up the files and keeps the reports apart.</summary>
    private sealed class Reporter(IProgress<PullProgress>? progress, TimeProvider time, long total, long here)
    {
        private readonly TransferRate _rate = new(time);
        private long _complete = here;
        private long? _lastReport;

        public void Report(HubFile file, long bytes)
        {
            _rate.Add(_complete + bytes);
            if (_lastReport is null || time.GetElapsedTime(_lastReport.Value) >= ReportSpacing)
            {
                _lastReport = time.GetTimestamp();
                Send(file, _complete + bytes);
            }
        }

        public void Complete(HubFile file) => _complete += file.Size;

        public void Finish(HubFile last) => Send(last, total);

        private void Send(HubFile file, long bytes)
            => progress?.Report(new PullProgress(file.Path, bytes, total, _rate.BytesPerSecond, _rate.For(total - bytes)));
    }
}
