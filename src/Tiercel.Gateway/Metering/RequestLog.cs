using System.Buffers;
using System.Text.Json;
using System.Threading.Channels;
using Tiercel.Gateway.Endpoints;

namespace Tiercel.Gateway.Metering;

/// <summary>
/// A JSON line for each request: who, what, how long, how it ended; never prompt text, never a key. Lines wait in a bounded queue, so that a slow
/// disk never holds up an answer; lines that do not fit are counted. Where they cannot be written, on a full disk say, they wait there and are tried again.
/// </summary>
internal sealed class RequestLog : IAsyncDisposable
{
    private const int QueuedLines = 8192;
    private const int BatchBytes = 64 * 1024;

    /// <summary>Time between two tries to write what could not be written.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _closing = new();
    private readonly Channel<byte[]>? _lines;
    private readonly Task _writing;
    private readonly TimeProvider _time;
    private volatile string? _failure;
    private long _dropped;

    public RequestLog(Stream? target, TimeProvider time)
    {
        _time = time;
        _lines = target is null ? null : Channel.CreateBounded<byte[]>(QueuedLines);
        _writing = target is null ? Task.CompletedTask : WriteAllAsync(target, _lines!.Reader);
    }

    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Why no lines are written now; null while they are.</summary>
    public string? Failure => _failure;

    public void Add(Exchange exchange)
    {
        if (_lines is not null && !_lines.Writer.TryWrite(Line(exchange)))
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    /// <summary>Writes what is queued, or gives it up where it cannot be written now.</summary>
    public async ValueTask DisposeAsync()
    {
        // A second call waits for what the first began.
        if (_lines?.Writer.TryComplete() == true)
        {
            await _closing.CancelAsync();
        }

        await _writing;
    }

    private async Task WriteAllAsync(Stream target, ChannelReader<byte[]> lines)
    {
        ArrayBufferWriter<byte> batch = new(BatchBytes);
        while (await lines.WaitToReadAsync())
        {
            batch.ResetWrittenCount();
            while (batch.WrittenCount < BatchBytes && lines.TryRead(out byte[]? line))
            {
                batch.Write(line);
            }

            while (!await TryWriteAsync(target, batch.WrittenMemory))
            {
                await Task.Delay(RetryInterval, _time, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (_closing.IsCancellationRequested)
                {
                    // The last try: a disk that is still full must not keep the process.
                    await TryWriteAsync(target, batch.WrittenMemory);
                    return;
                }
            }
        }
    }

    /// <summary>Writes lines whole, or takes back what of them was written: no line is torn by another try.</summary>
    private async Task<bool> TryWriteAsync(Stream target, ReadOnlyMemory<byte> lines)
    {
        long start = target.CanSeek ? target.Position : 0;
        try
        {
            await target.WriteAsync(lines);
            await target.FlushAsync();
            _failure = null;
            return true;
        }
        catch (IOException error)
        {
            // A full disk must not end the service.
            _failure = error.Message;
            if (target.CanSeek)
            {
                TakeBack(target, start);
            }

            return false;
        }
    }

    private static void TakeBack(Stream target, long length)
    {
        try
        {
            target.SetLength(length);
            target.Position = length;
        }
        catch (Exception error) when (error is IOException or ArgumentException or NotSupportedException)
        {
            // A device has no length; a disk that fails at this too may keep a torn line.
        }
    }

    private byte[] Line(Exchange exchange)
    {
        ArrayBufferWriter<byte> line = new(512);
        using Utf8JsonWriter json = new(line);
        json.WriteStartObject();
        json.WriteString("time"u8, _time.GetUtcNow());
        json.WriteString("request_id"u8, exchange.RequestId);
        json.WriteString("answer_id"u8, exchange.AnswerId);
        json.WriteString("tenant"u8, exchange.Tenant);
        json.WriteString("path"u8, exchange.Path);
        json.WriteString("model"u8, exchange.Model);
        json.WriteBoolean("stream"u8, exchange.Streams);
        json.WriteNumber("status"u8, exchange.Context.Response.StatusCode);
        json.WriteString("outcome"u8, exchange.Outcome);
        json.WriteString("error"u8, exchange.ErrorCode);
        json.WriteNumber("prompt_tokens"u8, exchange.Usage.PromptTokens);
        json.WriteNumber("cached_tokens"u8, exchange.Usage.CachedTokens);
        json.WriteNumber("output_tokens"u8, exchange.Usage.OutputTokens);
        if (exchange.FirstToken is TimeSpan first)
        {
            json.WriteNumber("ttft_ms"u8, Math.Round(first.TotalMilliseconds, 3));
        }
        else
        {
            json.WriteNull("ttft_ms"u8);
        }

        json.WriteNumber("duration_ms"u8, Math.Round(_time.GetElapsedTime(exchange.Started).TotalMilliseconds, 3));
        json.WriteEndObject();
        json.Flush();
        line.Write("\n"u8);
        return line.WrittenSpan.ToArray();
    }
}
