using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using Tiercel.Gateway.Identity;
using Tiercel.Gateway.Routing;
using Tiercel.Gateway.Upstreams;

namespace Tiercel.Gateway.Workers;

/// <summary>
/// A gateway's ear at one worker: asks who it is, follows its events, and begins again after every break where it stopped, or from a snapshot where events are
/// missing. It holds one line of what the worker says, and refuses what no worker says.
/// </summary>
internal sealed class WorkerLink : IAsyncDisposable
{
    private const int StatusOk = 200;

    private readonly IUpstream _upstream;
    private readonly IWorkerSink _sink;
    private readonly WorkerLinkOptions _options;
    private readonly TimeProvider _time;
    private readonly EdgeRandom _random;
    private readonly CancellationTokenSource _stop = new();
    private EventCursor _cursor;
    private bool _inSnapshot;
    private int _snapshotPart;
    private long _snapshotBlocks;
    private int _failures;
    private Task _running = Task.CompletedTask;

    public WorkerLink(IUpstream upstream, IWorkerSink sink, WorkerLinkOptions options, TimeProvider time)
    {
        (_upstream, _sink, _options, _time) = (upstream, sink, options, time);
        _random = new EdgeRandom(options.Seed);
    }

    /// <summary>Begins to listen.</summary>
    public void Start() => _running = RunAsync();

    /// <summary>Stops; the sink hears nothing more.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            string reason;
            try
            {
                WorkerInfo info = await AskAsync();
                _sink.Connected(info);
                await FollowAsync(info);
                reason = "the worker ended its event stream";
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is (IOException and not WorkerProtocolException) or OperationCanceledException or TimeoutException)
            {
                reason = error.Message;
            }
            catch (Exception error)
            {
                // What it said before may be as wrong. Whatever the fault is, and even if it is one of this program: an ear that fell silent would never be missed.
                _cursor = default;
                reason = error.Message;
            }

            _sink.Lost(reason);
            await Task.Delay(NextBackoff(), _time, _stop.Token);
        }
    }

    private async Task<WorkerInfo> AskAsync()
    {
        await using UpstreamAnswer answer = await SendAsync("/internal/info");
        while (true)
        {
            ReadResult result = await answer.Body.ReadAsync(_stop.Token);
            if (result.Buffer.Length > _options.MaxInfoBytes)
            {
                throw new WorkerProtocolException($"/internal/info is longer than {_options.MaxInfoBytes} bytes");
            }

            if (result.IsCompleted)
            {
                byte[] info = result.Buffer.ToArray();
                answer.Body.AdvanceTo(result.Buffer.End);
                return WorkerInfo.Read(info);
            }

            answer.Body.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    private async Task FollowAsync(WorkerInfo info)
    {
        string path = _cursor.Generation is null
            ? "/internal/events"
            : string.Create(CultureInfo.InvariantCulture, $"/internal/events?generation={Uri.EscapeDataString(_cursor.Generation)}&after={_cursor.Sequence}");
        await using UpstreamAnswer answer = await SendAsync(path);
        _inSnapshot = false;
        while (true)
        {
            ReadResult result = await answer.Body.ReadAsync(_stop.Token);
            ReadOnlySequence<byte> rest = result.Buffer;
            while (rest.PositionOf((byte)'\n') is SequencePosition end)
            {
                if (!Take(WorkerLines.Read(rest.Slice(0, end), info.BlockTokens), info))
                {
                    return;
                }

                rest = rest.Slice(rest.GetPosition(1, end));
            }

            if (rest.Length > _options.MaxLineBytes)
            {
                throw new WorkerProtocolException($"a line of the event stream is longer than {_options.MaxLineBytes} bytes");
            }

            answer.Body.AdvanceTo(rest.Start, rest.End);
            if (result.IsCompleted)
            {
                return;
            }
        }
    }

    private async ValueTask<UpstreamAnswer> SendAsync(string path)
    {
        UpstreamRequest request = new() { Method = "GET", Path = path, FirstByteTimeout = _options.Silence, IdleTimeout = _options.Silence };
        UpstreamAnswer answer = await _upstream.SendAsync(request, _stop.Token);
        if (answer.Status == StatusOk)
        {
            return answer;
        }

        int status = answer.Status;
        await answer.DisposeAsync();
        throw new WorkerProtocolException(status switch
        {
            401 or 403 => "the worker does not trust this gateway: the cluster secrets differ",
            404 => "this is no worker, or it trusts nobody: it was started without the cluster secret",
            _ => $"the worker answers {path.Split('?')[0]} with status {status}",
        });
    }

    /// <summary>Hands an event on, in order. False where the stream has to be asked for again.</summary>
    private bool Take((WorkerEvent News, WorkerStatus? Status) read, WorkerInfo info)
    {
        WorkerEvent news = read.News;
        if (news.Generation != info.Generation)
        {
            // It has started again between the two questions; ask it again who it is.
            _cursor = default;
            return false;
        }

        if (news is WorkerEvent.Snapshot part)
        {
            _snapshotPart = _inSnapshot ? _snapshotPart + 1 : 0;
            news = part with { Part = _snapshotPart };
            Bound(part, info);
        }
        else if (_inSnapshot)
        {
            throw new WorkerProtocolException("an event came between the parts of a snapshot");
        }
        else if (_cursor.Generation != news.Generation || news.Sequence != _cursor.Sequence + 1)
        {
            _cursor = default;
            return false;
        }

        EventOutcome outcome = _sink.Apply(news);
        if (outcome is EventOutcome.Gap or EventOutcome.Invalid)
        {
            _cursor = default;
            return false;
        }

        _failures = 0;
        if (!_inSnapshot)
        {
            _cursor = new EventCursor(news.Generation, news.Sequence);
        }

        if (read.Status is WorkerStatus status)
        {
            _sink.Beat(news.Generation, status);
        }

        return true;
    }

    /// <summary>A snapshot holds no more blocks than the worker's cache does, or it is none.</summary>
    private void Bound(WorkerEvent.Snapshot part, WorkerInfo info)
    {
        _snapshotBlocks = part.Blocks.Length + (_inSnapshot ? _snapshotBlocks : 0);
        _inSnapshot = !part.Last;
        if (_snapshotBlocks * info.BlockTokens > info.KvTokens || (part.Blocks.Length > 0 && info.BlockTokens == 0))
        {
            throw new WorkerProtocolException($"a snapshot has {_snapshotBlocks} blocks or more, and the worker's cache holds {info.KvTokens} tokens");
        }

        if (part.Blocks.Length == 0 && !part.Last)
        {
            throw new WorkerProtocolException("a part of a snapshot is empty");
        }
    }

    private TimeSpan NextBackoff()
    {
        double longest = Math.Min(_options.LongestBackoff.TotalSeconds, _options.FirstBackoff.TotalSeconds * Math.Pow(2, Math.Min(_failures++, 30)));
        double share = (_random.Next() >> 11) * (1.0 / (1UL << 53));
        return TimeSpan.FromSeconds(longest * (0.5 + (share / 2)));
    }
}
