using System.Buffers;
using System.Text.Json;
using System.Threading.Channels;
using Tiercel.Gateway.Endpoints;

namespace Tiercel.Gateway.Metering;

/// <summary>
/// A JSON line for each request: who, what, how long, how it ended; never prompt text, never a key. Lines wait in a bounded queue, so that a slow
/// disk never holds up an answer; lines that do not fit are counted.
/// </summary>
internal sealed class RequestLog : IAsyncDisposable
{
    private const int QueuedLines = 8192;
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

    /// <summary>Why no more lines are written; null while they are.</summary>
    public string? Failure => _failure;

    public void Add(Exchange exchange)
    {
        if (_lines is not null && !_lines.Writer.TryWrite(Line(exchange)))
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    /// <summary>Writes what is queued.</summary>
    public async ValueTask DisposeAsync()
    {
        _lines?.Writer.TryComplete();
        await _writing;
    }

    private async Task WriteAllAsync(Stream target, ChannelReader<byte[]> lines)
    {
        try
        {
            while (await lines.WaitToReadAsync())
            {
                while (lines.TryRead(out byte[]? line))
                {
                    await target.WriteAsync(line);
                }

                await target.FlushAsync();
            }
        }
        catch (IOException error)
        {
            // A full disk must not end the service; from here on lines fill the queue and are counted as dropped. A file with a torn line in it is not written on.
            _failure = error.Message;
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
