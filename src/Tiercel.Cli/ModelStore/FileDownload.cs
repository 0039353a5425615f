using System.Net;
using System.Net.Http.Headers;

namespace Tiercel.Cli.ModelStore;

/// <summary>
/// Fetches one file, over as many connections as it takes, and puts it into place when size and SHA-256 are right. Cancelling leaves what has come so
/// far for the next run.
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
    private readonly PartialFile _partial;
    private readonly Action<long> _report;
    private readonly byte[] _buffer = new byte[BufferBytes];
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
        _partial = new PartialFile(destination, file);
        _report = report;
    }

    /// <summary>Bytes that came over the network in this run.</summary>
    public long Fetched { get; private set; }

    /// <exception cref="ModelStoreException">The file cannot be fetched, or is not what the hub says it is.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await _partial.HashEarlierBytesAsync(_buffer, cancellationToken);
        _report(_partial.Length);
        bool mayBeStale = _partial.Length > 0;
        while (true)
        {
            await FillAsync(cancellationToken);
            string actual = _partial.TakeHash();
            if (actual == _file.Sha256)
            {
                _partial.MoveIntoPlace();
                return;
            }

            // Bytes of an earlier run may have been damaged on the disk; without them there is nobody else to blame.
            if (!mayBeStale)
            {
                _partial.Delete();
                throw new ModelStoreException($"{_file.Path} arrived damaged: its SHA-256 is {actual}, the hub says {_file.Sha256}");
            }

            Restart("its SHA-256 is wrong");
            mayBeStale = false;
        }
    }

    public void Dispose() => _partial.Dispose();

    private async Task FillAsync(CancellationToken cancellationToken)
    {
        HubRetry retry = new(_client.Time, _client.Options.RetryDelay);
        while (_partial.Length < _file.Size)
        {
            long before = _partial.Length;
            try
            {
                await AttemptAsync(cancellationToken);
            }
            catch (HubUnavailableException e)
            {
                if (_partial.Length - before >= ProgressThatCounts)
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
        RangeHeaderValue? range = _partial.Length > 0 ? new RangeHeaderValue(_partial.Length, null) : null;
        using HubResponse response = await _client.GetAsync(_client.FileAddress(_repository, _file), range, cancellationToken);
        CheckTag(response);
        switch (response.Status)
        {
            case HttpStatusCode.PartialContent when range is not null:
                CheckRange(response);
                break;
            case HttpStatusCode.OK:
                if (_partial.Length > 0)
                {
                    Restart("the server does not send parts");
                }

                break;
            case HttpStatusCode.RequestedRangeNotSatisfiable when range is not null:
                Restart("the server refuses to send the rest");
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
            Restart("it changed on the server");
            throw new HubUnavailableException($"{_file.Path} changed on the server while it was being fetched");
        }
    }

    private void CheckRange(HubResponse response)
    {
        ContentRangeHeaderValue? got = response.Message.Content.Headers.ContentRange;
        if (got?.From != _partial.Length || (got.HasLength && got.Length != _file.Size))
        {
            throw new ModelStoreException($"{response.Host} was asked for {_file.Path} from byte {_partial.Length} of {_file.Size} and sends '{got}'");
        }
    }

    private void CheckLength(HubResponse response)
    {
        long wanted = _file.Size - _partial.Length;
        if (response.Message.Content.Headers.ContentLength is { } stated && stated != wanted)
        {
            throw new ModelStoreException($"{response.Host} sends {stated} bytes for {_file.Path}, where {wanted} are missing");
        }
    }

    private async Task CopyAsync(HubResponse response, CancellationToken cancellationToken)
    {
        using CancellationTokenSource idle = new(_client.Options.IdleTimeout, _client.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, cancellationToken);
        await using Stream body = await response.Message.Content.ReadAsStreamAsync(cancellationToken);
        for (int read; (read = await ReadAsync(body, either.Token, cancellationToken)) > 0;)
        {
            // The time that the disk takes is not the server's silence.
            idle.CancelAfter(Timeout.InfiniteTimeSpan);
            if (read > _file.Size - _partial.Length)
            {
                Restart("the server sends too much");
                throw new ModelStoreException($"{response.Host} sends more than the {_file.Size} bytes that {_file.Path} has");
            }

            await _partial.AppendAsync(_buffer, read, cancellationToken);
            Fetched += read;
            _report(_partial.Length);
            idle.CancelAfter(_client.Options.IdleTimeout);
        }

        if (_partial.Length < _file.Size)
        {
            throw new HubUnavailableException($"the connection ended after {_partial.Length} of {_file.Size} bytes of {_file.Path}");
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
            string message = $"the connection broke after {_partial.Length} of {_file.Size} bytes of {_file.Path}: {e.Message}";
            throw new HubUnavailableException(message, innerException: e);
        }
    }

    private void Restart(string why)
    {
        _restarts++;
        if (_restarts > MaxRestarts)
        {
            _partial.Delete();
            throw new ModelStoreException($"{_file.Path} had to be started over {_restarts} times, the last time because {why}");
        }

        _partial.Clear();
        _report(0);
    }
}
