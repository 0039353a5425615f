using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Tiercel.Engine;
using Tiercel.Gateway.Endpoints;
using Tiercel.Gateway.Metering;
using Tiercel.Gateway.Upstreams;
using Tiercel.Protocols.Errors;
using Tiercel.Protocols.Writing;

namespace Tiercel.Gateway.Streaming;

/// <summary>
/// Carries the events of one request to its client, whole or as a stream. Every way out ends the request in the engine, settles it once, and is
/// one of: a whole answer, an HTTP error, a stream with an end, a stream with an error event, or a client that has gone.
/// </summary>
internal sealed class AnswerRunner(Exchange exchange, PromptBatch batch, RequestMeter meter, GatewayOptions options, TimeProvider time, string promptParameter)
{
    private int _choicesLeft = batch.OpenChoices;
    private Task<bool>? _waiting;

    /// <summary>Gathers the answer and sends it when all choices have ended.</summary>
    public async Task SendWholeAsync(AnswerCollector collector)
    {
        try
        {
            while (_choicesLeft > 0)
            {
                while (_choicesLeft > 0 && batch.TryRead(out int choice, out GenerationEvent? news))
                {
                    if (Take(choice, news) is ApiError error)
                    {
                        await exchange.RefuseAsync(error);
                        return;
                    }

                    collector.Add(choice, news);
                }

                if (_choicesLeft > 0 && !await batch.WaitToReadAsync(exchange.ClientGone))
                {
                    await exchange.RefuseAsync(EndedEarly());
                    return;
                }
            }

            GenerationUsage usage = batch.Usage;
            await exchange.SendJsonAsync((collector, usage), static (output, answer) => answer.collector.Write(output, answer.usage));
        }
        finally
        {
            await EndAsync();
        }
    }

    /// <summary>
    /// Streams the answer. The head waits for the first event, at most the hold time: until then a failure is an HTTP error. After it a failure is an
    /// error event, and the stream ends without an end of a choice and without <c>[DONE]</c>.
    /// </summary>
    public async Task StreamAsync(Func<IBufferWriter<byte>, ChunkWriter> createWriter)
    {
        PipeWriter output = exchange.Context.Response.BodyWriter;
        using ChunkWriter writer = createWriter(output);
        bool headSent = false;
        bool started = false;
        try
        {
            while (true)
            {
                bool written = false;
                while (_choicesLeft > 0 && batch.TryRead(out int choice, out GenerationEvent? news))
                {
                    if (news.ReplayedTokens is not null)
                    {
                        writer.Replay(choice, news.ReplayedTokens);
                        continue;
                    }

                    if (Take(choice, news) is ApiError error)
                    {
                        await FailAsync(writer, output, headSent, error);
                        return;
                    }

                    if (!started)
                    {
                        SetHead(ref headSent);
                        writer.Start();
                        started = written = true;
                    }

                    written |= writer.Add(choice, news);
                }

                if (_choicesLeft == 0)
                {
                    if (!started)
                    {
                        // All choices had ended elsewhere.
                        SetHead(ref headSent);
                        writer.Start();
                    }

                    writer.Finish(batch.Usage);
                    await FlushAsync(output);
                    return;
                }

                if (written)
                {
                    // Waits while the client is slow: what the engine makes meanwhile stays in its own bounded channel.
                    await FlushAsync(output);
                }

                if (!await WaitAsync(headSent ? options.PingInterval : options.HeadHold))
                {
                    await FailAsync(writer, output, headSent, EndedEarly());
                    return;
                }

                if (_waiting is not null)
                {
                    SetHead(ref headSent);
                    writer.Ping();
                    await FlushAsync(output);
                }
            }
        }
        catch (Exception fault) when (fault is not (OperationCanceledException or IOException))
        {
            await FailAsync(writer, output, headSent, ApiErrors.Internal($"The engine failed ({fault.GetType().Name})."));
        }
        finally
        {
            await EndAsync();
        }
    }

    private static ApiError EndedEarly() => ApiErrors.Internal("The engine ended the request without an answer.");

    /// <summary>Accounts for one event; an event that says the request has failed gives the error.</summary>
    private ApiError? Take(int choice, GenerationEvent news)
    {
        meter.Note(choice, news);
        switch (news.Finish)
        {
            case null:
                return null;
            case FinishReason.Stop or FinishReason.Length:
                _choicesLeft--;
                return null;
            case FinishReason.Cancelled:
                return ApiErrors.Interrupted();
            default:
                return news.Error is EngineError error ? ApiErrors.From(error, promptParameter) : EndedEarly();
        }
    }

    /// <summary>Waits for news. True with <see cref="_waiting"/> null: there is news; true with it set: the time has passed; false: there will be none.</summary>
    private async ValueTask<bool> WaitAsync(TimeSpan limit)
    {
        if (_waiting is null)
        {
            ValueTask<bool> wait = batch.WaitToReadAsync(exchange.ClientGone);
            if (wait.IsCompletedSuccessfully)
            {
                return wait.Result;
            }

            _waiting = wait.AsTask();
        }

        try
        {
            bool any = await _waiting.WaitAsync(limit, time, exchange.ClientGone);
            _waiting = null;
            return any;
        }
        catch (TimeoutException)
        {
            return true;
        }
    }

    private void SetHead(ref bool headSent)
    {
        if (!headSent)
        {
            // The head itself leaves with the first bytes that are flushed.
            HttpResponse response = exchange.Context.Response;
            response.ContentType = "text/event-stream; charset=utf-8";
            response.Headers.CacheControl = "no-cache, no-transform";
            response.Headers["X-Accel-Buffering"] = "no";
            headSent = true;
        }
    }

    private async Task FailAsync(ChunkWriter writer, PipeWriter output, bool headSent, ApiError error)
    {
        if (!headSent)
        {
            await exchange.RefuseAsync(error);
            return;
        }

        exchange.Outcome = "failed";
        exchange.ErrorCode = error.Code;
        writer.Fail(error);
        await FlushAsync(output);
    }

    /// <summary>
    /// Sends what is written. Kestrel's own limit for slow readers gives a connection time for every byte it ever took, hours after a long answer, so
    /// the wait for one that takes no more is bounded here.
    /// </summary>
    private async ValueTask FlushAsync(PipeWriter output)
    {
        ValueTask<FlushResult> flushing = output.FlushAsync(exchange.ClientGone);
        FlushResult result;
        try
        {
            result = flushing.IsCompletedSuccessfully
                ? flushing.Result
                : await flushing.AsTask().WaitAsync(options.SlowReaderGrace, time, exchange.ClientGone);
        }
        catch (TimeoutException late)
        {
            exchange.ErrorCode = "slow_reader";
            throw new IOException("the client reads nothing", late);
        }

        if (result.IsCompleted)
        {
            throw new OperationCanceledException("the client closed the connection", exchange.ClientGone);
        }
    }

    private async ValueTask EndAsync()
    {
        await batch.DisposeAsync();
        exchange.Usage = batch.Usage;
        exchange.FirstToken = meter.FirstToken;
        meter.Settle(exchange.Usage, batch.QueueTime);
    }
}
