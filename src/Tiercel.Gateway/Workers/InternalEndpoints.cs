using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tiercel.Gateway.Endpoints;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Workers;

/// <summary>What only gateways of the fleet may ask: who the worker is, what it holds, and to take nothing new.</summary>
internal sealed class InternalEndpoints(GatewayServices services)
{
    public const string Prefix = "/internal/";
    public const string ResumePath = "/internal/resume";

    /// <summary>Gateways that may read events at one time.</summary>
    private const int MaxReaders = 64;

    private const int BatchBytes = 64 * 1024;
    private int _readers;

    public static IReadOnlyList<string> Paths { get; } = ["/internal/info", "/internal/events", "/internal/drain", ResumePath];

    public static bool IsPost(string path) => path is "/internal/drain" or ResumePath;

    public Task AnswerAsync(Exchange exchange, string path) => path switch
    {
        "/internal/info" => InfoAsync(exchange),
        "/internal/events" => EventsAsync(exchange),
        _ => DrainAsync(exchange),
    };

    private async Task InfoAsync(Exchange exchange)
    {
        WorkerInfo info = await services.Worker.DescribeAsync(exchange.ClientGone);
        await exchange.SendJsonAsync(info, WorkerInfo.Write);
    }

    /// <summary>Takes nothing new from now on. What runs goes on: the gateway waits for it, or moves it by closing its connection.</summary>
    private Task DrainAsync(Exchange exchange)
    {
        _ = services.Gate.Close();
        return exchange.SendJsonAsync(services.Gate.Inside, static (output, active) =>
        {
            using Utf8JsonWriter json = new(output);
            json.WriteStartObject();
            json.WriteBoolean("draining"u8, true);
            json.WriteNumber("active"u8, active);
            json.WriteEndObject();
        });
    }

    private async Task EventsAsync(Exchange exchange)
    {
        if (!TryReadCursor(exchange.Context.Request.Query, out long after))
        {
            await exchange.RefuseAsync(ApiErrors.InvalidValue("after", "'after' must be a number from 0, together with 'generation'."));
            return;
        }

        if (Interlocked.Increment(ref _readers) > MaxReaders)
        {
            Interlocked.Decrement(ref _readers);
            await exchange.RefuseAsync(ApiErrors.Overloaded($"{MaxReaders} gateways already read the events of this worker."));
            return;
        }

        try
        {
            await StreamAsync(exchange, after);
        }
        catch (OperationCanceledException) when (services.Stopping.IsCancellationRequested)
        {
            exchange.Context.Abort();
        }
        finally
        {
            Interlocked.Decrement(ref _readers);
        }
    }

    private bool TryReadCursor(IQueryCollection query, out long after)
    {
        after = -1;
        string given = query["after"].ToString();
        if (given.Length == 0)
        {
            return true;
        }

        if (!long.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out long number))
        {
            return false;
        }

        after = query["generation"].ToString() == services.Worker.Generation ? number : -1;
        return true;
    }

    private async Task StreamAsync(Exchange exchange, long after)
    {
        HttpResponse response = exchange.Context.Response;
        response.ContentType = "application/x-ndjson";
        response.Headers.CacheControl = "no-store";
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(exchange.ClientGone, services.Stopping.Token);
        while (true)
        {
            List<byte[]> lines = services.Worker.Events.Read(ref after, BatchBytes, out Task news);
            if (lines.Count == 0)
            {
                await news.WaitAsync(end.Token);
                continue;
            }

            // A snapshot may be large: it is handed on piece by piece, and the reader must take each within its time.
            foreach (byte[] line in lines)
            {
                response.BodyWriter.Write(line);
                if (response.BodyWriter.UnflushedBytes >= BatchBytes)
                {
                    await FlushAsync(response.BodyWriter, exchange, end.Token);
                }
            }

            await FlushAsync(response.BodyWriter, exchange, end.Token);
        }
    }

    private async ValueTask FlushAsync(PipeWriter output, Exchange exchange, CancellationToken cancellationToken)
    {
        ValueTask<FlushResult> flushing = output.FlushAsync(cancellationToken);
        if (!flushing.IsCompletedSuccessfully)
        {
            try
            {
                await flushing.AsTask().WaitAsync(services.Options.SlowReaderGrace, services.Time, cancellationToken);
            }
            catch (TimeoutException late)
            {
                exchange.ErrorCode = "slow_reader";
                throw new IOException("the gateway reads nothing", late);
            }
        }
        else if (flushing.Result.IsCompleted)
        {
            throw new IOException("the gateway closed the connection");
        }
    }
}
