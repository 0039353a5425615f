using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;

namespace Tiercel.Cli.ModelStore;

/// <summary>
/// Fetches one file into <c>NAME.HASH.partial</c> beside its destination, and moves it there when size and SHA-256 are right. The partial file carries
/// the start of the hash in its name, so that a later run continues only the same content. Cancelling leaves it in place.
/// </summary>
internal sealed class FileDownload : IDisposable
{
    private const int BufferBytes = 256 << 10;

    /// <summary>Failures after this much progress are no longer counted together.</summary>
    private const long ProgressThatCounts = 1 << 20;

    private const int MaxRestarts = 3;

    private readonly HubClient _client;
    private readonly HubRepository _repository;
    private readonly HubFile _file;
    private readonly string _destination;
    private readonly string _partialPath;
    private readonly Action<long> _report;
    private readonly byte[] _buffer = new byte[BufferBytes];
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly FileStream _partial;
    private long _have;
    private string? _identity;
    private int _restarts;

    /// <param name="destination">Where the file goes; its folder exists.</param>
    /// <param name="report">Called with the bytes of this file that are here.</param>
    /// <exception cref="ModelStoreException">Another process fetches the same file.</exception>
    public FileDownload(HubClient client, HubRepository repository, HubFile file, string destination, Action<long> report)
    {
        _client = client;
        _repository = repository;
        _file = file;
        _destination = destination;
        _partialPath = PartialPath(destination, file);
        _report = report;
        try
        {
            _partial = new FileStream(_partialPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.Asynchronous);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or PathTooLongException))
        {
            throw new ModelStoreException($"cannot write {_partialPath}; is another pull running? ({e.Message})", e);
        }
    }

    /// <summary>Bytes that came over the network in this run.</summary>
    public long Fetched { get; private set; }

    public static string PartialPath(string destination, HubFile file) => $"{destination}.{file.Sha256.AsSpan(0, 16)}.partial";

    /// <exception cref="ModelStoreException">The file cannot be fetched, or is not what the hub says it is.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await HashEarlierBytesAsync(cancellationToken);
        bool mayBeStale = _have > 0;
        while (true)
        {
            await FillAsync(cancellationToken);
            string actual = Convert.ToHexStringLower(_hash.GetHashAndReset());
            if (actual == _file.Sha256)
            {
                break;
            }

            // Bytes of an earlier run may have been damaged on the disk; without them there is nobody else to blame.
            Restart();
            if (!mayBeStale)
            {
                Discard();
                throw new ModelStoreException($"{_file.Path} arrived damaged: its SHA-256 is {actual}, the hub says {_file.Sha256}");
            }

            mayBeStale = false;
        }

        _partial.Flush(flushToDisk: true);
        await _partial.DisposeAsync();
        File.Move(_partialPath, _destination, overwrite: true);
    }

    public void Dispose()
    {
        _partial.Dispose();
        _hash.Dispose();
    }

    private async Task HashEarlierBytesAsync(CancellationToken cancellationToken)
    {
        if (_partial.Length > _file.Size)
        {
            _partial.SetLength(0);
        }

        for (int read; (read = await _partial.ReadAsync(_buffer, cancellationToken)) > 0;)
        {
            _hash.AppendData(_buffer, 0, read);
            _have += read;
        }

        _report(_have);
    }

    private async Task FillAsync(CancellationToken cancellationToken)
    {
        HubRetry retry = new(_client.Time, _client.Options.RetryDelay);
        while (_have < _file.Size)
        {
            long before = _have;
            try
            {
                await AttemptAsync(cancellationToken);
            }
            catch (HubUnavailableException e)
            {
                if (_have - before >= ProgressThatCounts)
                {
                    retry.Reset();
                }

                await retry.WaitAsync(e, cancellationToken);
            }
        }
    }

    /// <summary>One request, read to its end.</summary>
    private async Task AttemptAsync(CancellationToken cancellationToken)
    {
        RangeHeaderValue? range = _have > 0 ? new RangeHeaderValue(_have, null) : null;
        using HubResponse response = await _client.GetAsync(_client.FileAddress(_repository, _file), range, cancellationToken);
        CheckTag(response);
        switch (response.Status)
        {
            case HttpStatusCode.PartialContent when range is not null:
                CheckRange(response);
                break;
            case HttpStatusCode.OK:
                // The server does not do ranges: what is here comes again.
                if (_have > 0)
                {
                    Restart();
                }

                break;
            case HttpStatusCode.RequestedRangeNotSatisfiable when range is not null:
                Restart();
                return;
            default:
                throw HubErrors.From(response, _repository.Name, $"{_repository.Name}/{_file.Path}", _client.Options);
        }

        CheckLength(response);
        await CopyAsync(response, cancellationToken);
    }

    private void CheckTag(HubResponse response)
    {
        if ((int)response.Status is not (200 or 206))
        {
            return;
        }

        // The hub's tag of a large file is its SHA-256. If it is another one, the listing is out of date.
        if (response.LinkedTag is { Length: 64 } tag && !string.Equals(tag, _file.Sha256, StringComparison.OrdinalIgnoreCase))
        {
            throw new ModelStoreException($"{_file.Path} has changed on the hub since it was listed; pull again");
        }

        bool changed = _identity is not null && response.Identity != _identity;
        _identity = response.Identity;
        if (changed && response.Status == HttpStatusCode.PartialContent)
        {
            Restart();
            throw new HubUnavailableException($"{_file.Path} changed on the server while it was being fetched");
        }
    }

    private void CheckRange(HubResponse response)
    {
        ContentRangeHeaderValue? got = response.Message.Content.Headers.ContentRange;
        if (got?.From != _have || (got.HasLength && got.Length != _file.Size))
        {
            string host = response.Message.RequestMessage!.RequestUri!.Host;
            throw new ModelStoreException($"{host} was asked for {_file.Path} from byte {_have} of {_file.Size} and sends '{got}'");
        }
    }

    private void CheckLength(HubResponse response)
    {
        long wanted = _file.Size - _have;
        if (response.Message.Content.Headers.ContentLength is { } stated && stated != wanted)
        {
            string host = response.Message.RequestMessage!.RequestUri!.Host;
            throw new ModelStoreException($"{host} sends {stated} bytes for {_file.Path}, where {wanted} are missing");
        }
    }

    private async Task CopyAsync(HubResponse response, CancellationToken cancellationToken)
    {
        using CancellationTokenSource idle = new(_client.Options.IdleTimeout, _client.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, cancellationToken);
        await using Stream body = await response.Message.Content.ReadAsStreamAsync(cancellationToken);
        while (true)
        {
            int read = await ReadAsync(body, either.Token, cancellationToken);
            idle.CancelAfter(_client.Options.IdleTimeout);
            if (read == 0)
            {
                if (_have < _file.Size)
                {
                    throw new HubUnavailableException($"the connection ended after {_have} of {_file.Size} bytes of {_file.Path}");
                }

                return;
            }

            if (read > _file.Size - _have)
            {
                Restart();
                throw new ModelStoreException($"the server sends more than the {_file.Size} bytes that {_file.Path} has");
            }

            await WriteAsync(read, cancellationToken);
        }
    }

    private async Task<int> ReadAsync(Stream body, CancellationToken either, CancellationToken cancellationToken)
    {
        try
        {
            return await body.ReadAsync(_buffer, either);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HubUnavailableException($"no byte of {_file.Path} came for {_client.Options.IdleTimeout.TotalSeconds:F0} s");
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new HubUnavailableException($"the connection broke after {_have} of {_file.Size} bytes of {_file.Path}: {e.Message}", innerException: e);
        }
    }

    private async Task WriteAsync(int count, CancellationToken cancellationToken)
    {
        try
        {
            await _partial.WriteAsync(_buffer.AsMemory(0, count), cancellationToken);
        }
        catch (IOException e)
        {
            throw new ModelStoreException($"cannot write {_partialPath} ({e.Message}); {ByteSize.Format(_file.Size - _have)} are missing, a later pull goes on from here", e);
        }

        _hash.AppendData(_buffer, 0, count);
        _have += count;
        Fetched += count;
        _report(_have);
    }

    private void Restart()
    {
        _restarts++;
        if (_restarts > MaxRestarts)
        {
            Discard();
            throw new ModelStoreException($"{_file.Path} had to be started over {_restarts} times; the server does not send it the same twice");
        }

        _partial.SetLength(0);
        _partial.Position = 0;
        _hash.GetHashAndReset();
        _have = 0;
        _report(0);
    }

    private void Discard()
    {
        _partial.Dispose();
        File.Delete(_partialPath);
    }
}
