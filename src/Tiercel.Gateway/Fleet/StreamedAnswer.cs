using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Health;
using Tiercel.Gateway.Recovery;
using Tiercel.Gateway.Upstreams;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Fleet;

/// <summary>
/// Answers a request with a stream. Until the first event nothing has been said, and failures are retried or are real HTTP errors; after it a lost engine
/// is replaced in mid-stream, and only where that cannot be done does the stream end, with an error event and never as if it were whole.
/// </summary>
internal sealed class StreamedAnswer(FleetServices services, FleetRequest request)
{
    /// <summary>How the ledger and the log name the end of a request whose client took nothing of its answer for too long.</summary>
    public const string SlowReaderCode = "slow_reader";

    private readonly AttemptLoop _loop = new(services, request);
    private readonly ClientStream _client = new(request.Exchange.Context, services.Clock, services.Turns);

    /// <summary>Whether the request is one whose message a foreign engine can continue; null until that is asked.</summary>
    private bool? _isPlainChat;

    private readonly ChunkIdentity _identity = new();

    /// <summary>Under which numerics the stream began; what goes on exactly must compute the same.</summary>
    private string? _numericsId;

    public async Task RunAsync()
    {
        try
        {
            await AnswerAsync();
        }
        finally
        {
            if (_client.CutAsSlow)
            {
                request.Exchange.ErrorCode = SlowReaderCode;
            }
        }
    }

    private async Task AnswerAsync()
    {
        using StreamJournal journal = new(request.Choices);
        using IDisposable pulse = services.Streams.Add(_client);
        PlaceTerms terms = PlaceTerms.First;
        ResumePlan? plan = null;
        StreamLoss? loss = null;
        string kind = "first";
        while (true)
        {
            (Attempt? attempt, ApiError? refusal) = await _loop.PlaceAsync(terms, kind);
            if (attempt is null && !(loss is not null && refusal!.Code == ApiErrors.NoReplicaCode && services.Clock.Now - loss.At < ResumePlan.LongestWait))
            {
                await FailAsync(refusal!);
                return;
            }

            if (attempt is null)
            {
                // The engines that were to go on with it have gone since. Who else can is asked again in a moment.
                await Task.Delay(ResumePlan.Recheck, services.Clock.Time, request.Exchange.ClientGone);
            }
            else
            {
                if (plan is not null)
                {
                    journal.Resumed();
                }

                AttemptEnd end;
                if (_loop.LateAfter(attempt, kind) is TimeSpan late)
                {
                    (attempt, end) = await new HedgedAttempt(services, _loop, _client, OpenAsync, (one, answer) => CarryAsync(one, answer, journal, null)).RunAsync(attempt, late);
                }
                else
                {
                    end = await _loop.GuardAsync(attempt, () => TryAsync(attempt, journal, plan));
                }

                if (end.Answered)
                {
                    return;
                }

                loss = new StreamLoss(attempt, end, services.Clock.Now);
            }

            if (!journal.AnyByte)
            {
                // 6, again: nothing has been said yet.
                PlaceTerms? next = attempt is null ? new PlaceTerms([], MustServe: true)
                    : loss!.End.Outcome == AttemptOutcome.ClientError ? null : await _loop.RetryAsync(loss.Attempt, loss.End);
                if (next is null)
                {
                    await FailAsync(loss!.End.Error!);
                    return;
                }

                (terms, kind, plan) = (next.Value, "retry", null);
                continue;
            }

            // 8 Recover.
            ResumePlan resume = await PlanAsync(journal, loss!);
            request.Telemetry?.Resumed(resume.Kind, loss!.End.Failure);
            switch (resume.Kind)
            {
                case ResumeKind.FinishNow:
                    await FinishAsync(journal);
                    return;
                case ResumeKind.Fail:
                    await FailAsync(loss!.End.Error!);
                    return;
                default:
                    plan = resume;
                    terms = new PlaceTerms([], resume.Replicas, resume.NumericsId, MustServe: true);
                    kind = resume.Kind.ToString();
                    break;
            }
        }
    }

    /// <summary>How the stream goes on, now or after a wait. Where no engine is left, one may be back in a moment: workers restart.</summary>
    private async Task<ResumePlan> PlanAsync(StreamJournal journal, StreamLoss loss)
    {
        bool waited = false;
        while (true)
        {
            ResumePlan resume = Plan(journal, loss);
            if (resume.Kind is ResumeKind.Fail or ResumeKind.FinishNow || resume.Delay == TimeSpan.Zero || (waited && resume.Kind != ResumeKind.Wait))
            {
                return resume;
            }

            // After it the plan is made anew: who can go on with the stream may have changed.
            waited |= resume.Kind != ResumeKind.Wait;
            await Task.Delay(resume.Delay, services.Clock.Time, request.Exchange.ClientGone);
        }
    }

    private async Task<AttemptEnd> TryAsync(Attempt attempt, StreamJournal journal, ResumePlan? plan)
    {
        UpstreamRequest forwarded = plan?.Kind switch
        {
            ResumeKind.ResumeExactly or ResumeKind.ResumeMarked => UpstreamRequests.Resume(attempt, journal),
            ResumeKind.ContinueMessage => UpstreamRequests.Continue(attempt, journal.EscapedText, plan.Value.MaxTokens),
            _ => UpstreamRequests.First(attempt),
        };

        // 6 Forward. While the engine is silent the client hears pings, the first after the time that the head is held.
        await using UpstreamAnswer answer = await SendAsync(attempt, forwarded);
        return await CarryAsync(attempt, answer, journal, plan);
    }

    private Task<UpstreamAnswer> OpenAsync(Attempt attempt) => attempt.Replica.Upstream.SendAsync(UpstreamRequests.First(attempt), attempt.Token).AsTask();

    private async Task<AttemptEnd> CarryAsync(Attempt attempt, UpstreamAnswer answer, StreamJournal journal, ResumePlan? plan)
    {
        Replica replica = attempt.Replica;
        if (answer.Status is < 200 or > 299)
        {
            ReadOnlySequence<byte> refusal = await ReadSomeAsync(answer);
            if (!_client.HeadSent)
            {
                return await _loop.RefusalAsync(attempt, answer, refusal);
            }

            byte[] bytes = ForeignErrors.WithoutKey(refusal.ToArray(), replica.Settings.Key);
            ApiError error = ForeignErrors.From(answer.Status, answer.RetryAfter, bytes, out _);
            return replica.IsTiercel && ForeignErrors.IsDraining(answer.Status, bytes)
                ? _loop.RefusedByDrain(error)
                : new AttemptEnd(AttemptOutcome.ServerError, StreamFailure.ServerError, error, answer.RetryAfter);
        }

        if (answer.ContentType != "text/event-stream")
        {
            return new AttemptEnd(
                AttemptOutcome.Malformed, StreamFailure.Malformed, ApiErrors.UpstreamBroken("The engine answered a stream with something else."));
        }

        // A stream that went on under other numerics is a stream of those from here on.
        if (_numericsId is null || plan?.Kind == ResumeKind.ResumeMarked)
        {
            _numericsId = replica.IsTiercel && answer.TryGetHeader("x-tiercel-numerics", out string? id) ? id : null;
        }

        if (plan?.Kind == ResumeKind.ResumeMarked)
        {
            _client.Write(": resumed on an engine of other numerics\n\n"u8);
        }

        // 7 Stream.
        StreamTerms terms = new(
            ReadsTokens: replica.IsTiercel,
            SkipsRoles: plan?.Kind is ResumeKind.ContinueMessage or ResumeKind.RetryFromStart,
            KeepsText: request.Kind == BodyKind.Chat && request.Choices == 1 && !replica.IsTiercel && ContinuesMessages(),
            Identity: replica.IsTiercel && plan is null ? null : _identity);
        StreamAttempt stream = new(attempt, _client, journal, terms, services.Clock, services.Configuration.Limits.MaxEventBytes);
        return await stream.RunAsync(answer.Body, () => _loop.FirstToken(attempt));
    }

    /// <summary>Sends the request; a client that waits longer than the head is held gets head and pings meanwhile.</summary>
    private async Task<UpstreamAnswer> SendAsync(Attempt attempt, UpstreamRequest forwarded)
    {
        ValueTask<UpstreamAnswer> sending = attempt.Replica.Upstream.SendAsync(forwarded, attempt.Token);
        if (sending.IsCompleted)
        {
            return await sending;
        }

        Task<UpstreamAnswer> head = sending.AsTask();
        while (!head.IsCompleted)
        {
            Task nudge = _client.NextNudge();
            if (await Task.WhenAny(head, nudge) == nudge)
            {
                await _client.PingAsync();
            }
        }

        return await head;
    }

    private static async Task<ReadOnlySequence<byte>> ReadSomeAsync(UpstreamAnswer answer)
    {
        ReadResult read = await answer.Body.ReadAtLeastAsync(64 * 1024);
        return read.Buffer.Slice(0, Math.Min(read.Buffer.Length, 64 * 1024));
    }

    private bool ContinuesMessages()
    {
        lock (services.Gate)
        {
            return services.State.Pools.TryGetValue(request.PoolName, out Pool? pool) && pool.ContinuesMessages;
        }
    }

    private ResumePlan Plan(StreamJournal journal, StreamLoss loss)
    {
        // The whole body is looked at for it: only where it matters, and not under the fleet's lock.
        bool isPlainChat = _numericsId is null && journal.AnyContent && (_isPlainChat ??=
            request.Kind == BodyKind.Chat && request.Choices == 1 && request.Scanned.Tools.IsEmpty && MessageContinuation.CanApply(request.Body.Span));
        if (services.Stopping.IsCancellationRequested && !journal.AllFinished)
        {
            return new ResumePlan(ResumeKind.Fail, null, [], null, "the gateway ends");
        }

        lock (services.Gate)
        {
            TimeSpan now = services.Clock.Now;
            ResumeFallback fallback = services.State.Pools.TryGetValue(request.PoolName, out Pool? pool) ? pool.Settings.ResumeFallback : ResumeFallback.Error;
            ResumePlan plan = ResumePlan.Make(new ResumeQuestion
            {
                Journal = journal,
                Failure = loss.End.Failure,
                Replica = loss.Attempt.Replica.Id,
                NumericsId = _numericsId,
                Candidates = services.State.Candidates(request, now),
                Fallback = fallback,
                IsPlainChat = isPlainChat,
                PoolContinuesMessages = pool?.ContinuesMessages == true,
                WantsUsage = request.Scanned.IncludeUsage && request.Usage is null,
                MaxTokens = request.Scanned.MaxTokens,
                BrokenFor = now - loss.At,
            });
            loss.Attempt.Record.Outcome = $"{loss.End.Outcome}: {plan.Reason}";
            bool resumes = plan.Kind is not (ResumeKind.Fail or ResumeKind.FinishNow or ResumeKind.Wait);
            if (resumes && loss.End.Failure != StreamFailure.Drained && !loss.MayResume && !services.State.Retries.TryResume(now, again: loss.WasRefused))
            {
                loss.WasRefused = true;

                // Connections break before it is known that their worker has died, and with that all its streams may be resumed: its news is waited for.
                loss.Attempt.Record.Outcome = $"{loss.End.Outcome}: the retry budget is used up";
                return plan with { Kind = now - loss.At < ResumePlan.LongestWait ? ResumeKind.Wait : ResumeKind.Fail, Delay = ResumePlan.Recheck };
            }

            loss.MayResume |= resumes;
            return plan;
        }
    }

    /// <summary>All text was there; what was missing of the stream's end is written here.</summary>
    private async Task FinishAsync(StreamJournal journal)
    {
        if (!journal.AllFinished)
        {
            // The only choice of a foreign engine that was lost with the last of its tokens.
            _client.Write(Encoding.UTF8.GetBytes(Chunk("[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]", "")));
        }

        if (request.Scanned.IncludeUsage && request.Usage is null)
        {
            int completion = (int)Math.Max(journal.TotalTokens, request.StreamedEvents);
            TokenUsage usage = new(request.Decision?.PromptTokens ?? 0, 0, completion);
            (request.Usage, request.UsageIsEstimated) = (usage, true);
            _client.Write(Encoding.UTF8.GetBytes(Chunk(
                "[]", $",\"usage\":{{\"prompt_tokens\":{usage.Prompt},\"completion_tokens\":{usage.Completion},\"total_tokens\":{usage.Prompt + usage.Completion}}}")));
        }

        _client.Write("data: [DONE]\n\n"u8);
        await _client.FlushAsync();
    }

    private string Chunk(string choices, string rest) =>
        $"data: {{\"id\":{_identity.IdOr($"\"{request.AnswerId}\"")},\"object\":\"{(request.Kind == BodyKind.Chat ? "chat.completion.chunk" : "text_completion")}\","
        + $"\"created\":{_identity.CreatedOr($"{request.CreatedUnixSeconds}")},\"model\":{_identity.ModelOr(System.Text.Json.JsonSerializer.Serialize(request.Model))},\"choices\":{choices}{rest}}}\n\n";

    /// <summary>An HTTP error while that is possible, else an error event; never a normal end.</summary>
    private async Task FailAsync(ApiError error)
    {
        if (!_client.HeadSent)
        {
            await request.Exchange.RefuseAsync(error);
            return;
        }

        request.Exchange.Outcome = "failed";
        request.Exchange.ErrorCode = error.Code;
        ArrayBufferWriter<byte> body = new();
        ErrorBody.Write(body, error);
        _client.Write("data: "u8);
        _client.Write(body.WrittenSpan);
        _client.Write("\n\n"u8);
        await _client.FlushAsync();
    }
}
