using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Tiercel.Gateway.Health;
using Tiercel.Gateway.Recovery;
using Tiercel.Gateway.Upstreams;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Fleet;

/// <summary>Answers a request that is not streamed: the upstream's answer is read whole before a byte of it is sent, so that any failure can still be tried again.</summary>
internal sealed class WholeAnswer(FleetServices services, FleetRequest request)
{
    /// <summary>What is handed to the web server at one time: about what it keeps of an answer that is not read.</summary>
    private const int PieceBytes = 64 * 1024;

    private readonly AttemptLoop _loop = new(services, request);

    /// <summary>Bytes that are counted for what is held of the answer.</summary>
    private long _held;

    public async Task RunAsync()
    {
        PlaceTerms terms = PlaceTerms.First;
        string kind = "first";
        while (true)
        {
            (Attempt? attempt, ApiError? refusal) = await _loop.PlaceAsync(terms, kind);
            if (attempt is null)
            {
                await request.Exchange.RefuseAsync(refusal!);
                return;
            }

            AttemptEnd end = await _loop.GuardAsync(attempt, () => TryAsync(attempt));
            if (end.Answered)
            {
                return;
            }

            if (await _loop.RetryAsync(attempt, end) is not { } next)
            {
                await request.Exchange.RefuseAsync(end.Error!);
                return;
            }

            (terms, kind) = (next, "retry");
        }
    }

    private async Task<AttemptEnd> TryAsync(Attempt attempt)
    {
        _held = 0;
        try
        {
            return await CarryAsync(attempt);
        }
        finally
        {
            services.Answers.Return(_held);
        }
    }

    private async Task<AttemptEnd> CarryAsync(Attempt attempt)
    {
        // 6 Forward.
        UpstreamRequest forwarded = UpstreamRequests.First(attempt);
        await using UpstreamAnswer answer = await attempt.Replica.Upstream.SendAsync(forwarded, attempt.Token);
        long limit = services.Configuration.Limits.MaxAnswerBytes;
        ReadOnlySequence<byte> body;
        while (true)
        {
            ReadResult read = await answer.Body.ReadAsync(attempt.Token);
            body = read.Buffer;
            if (body.Length > limit)
            {
                return AttemptEnds.From(new UpstreamFailure(UpstreamFailureKind.TooLong, MayHaveRun: true, $"the answer is larger than {limit} bytes"));
            }

            if (!services.Answers.TryHold(body.Length, ref _held))
            {
                // No fault of the engine's, and another one's answer would find as little room.
                return new AttemptEnd(AttemptOutcome.Cancelled, StreamFailure.Interrupted, ApiErrors.Overloaded("Too many large answers are in memory; a streamed one needs no room."));
            }

            if (read.IsCompleted)
            {
                break;
            }

            answer.Body.AdvanceTo(body.Start, body.End);
        }

        if (answer.Status is < 200 or > 299)
        {
            return await _loop.RefusalAsync(attempt, answer, body);
        }

        if (!AnswerUsage.TryRead(body, out AnswerUsage told) || told.IsError)
        {
            return told.IsError
                ? ErrorEvents.Read(body, attempt.Replica)
                : new AttemptEnd(AttemptOutcome.Malformed, Error: ApiErrors.UpstreamBroken("The engine's answer is not JSON."));
        }

        request.Usage = told.Usage;
        attempt.Record.Tokens = told.Usage?.Completion;
        _loop.FirstToken(attempt);
        request.Telemetry?.Whole(told.Usage?.Completion ?? 0, services.Clock.Now);
        if (request.Kind != BodyKind.Embeddings)
        {
            request.Telemetry?.Answer?.Add(body);
        }

        // 7 The whole answer goes out in one piece.
        HttpResponse response = request.Exchange.Context.Response;
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        foreach (ReadOnlyMemory<byte> segment in body)
        {
            for (ReadOnlyMemory<byte> rest = segment; !rest.IsEmpty; rest = rest[Math.Min(rest.Length, PieceBytes)..])
            {
                await WriteAsync(response.BodyWriter, rest[..Math.Min(rest.Length, PieceBytes)]);
            }
        }

        answer.Body.AdvanceTo(body.End);
        return AttemptEnd.Whole;
    }

    /// <summary>Waits for a client that reads slowly as long as it takes something: the web server's own limit gives it time for every byte of the answer.</summary>
    private async ValueTask WriteAsync(PipeWriter output, ReadOnlyMemory<byte> piece)
    {
        ValueTask<FlushResult> writing = output.WriteAsync(piece, request.Exchange.ClientGone);
        try
        {
            FlushResult result = writing.IsCompletedSuccessfully
                ? writing.Result
                : await writing.AsTask().WaitAsync(services.Configuration.Limits.SlowReader, services.Clock.Time, request.Exchange.ClientGone);
            if (result.IsCompleted)
            {
                throw new ClientGoneException("the client closed the connection");
            }
        }
        catch (TimeoutException)
        {
            request.Exchange.ErrorCode = StreamedAnswer.SlowReaderCode;
            request.Exchange.Context.Abort();
            throw new ClientGoneException("the client takes nothing");
        }
    }
}
