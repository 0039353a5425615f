using System.Buffers;
using Microsoft.AspNetCore.Http;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Health;
using Tiercel.Gateway.Recovery;
using Tiercel.Gateway.Routing;
using Tiercel.Gateway.Telemetry;
using Tiercel.Gateway.Upstreams;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Fleet;

/// <summary>What all attempts of one request have in common: being placed, being counted, and what follows from their failures.</summary>
internal sealed class AttemptLoop(FleetServices services, FleetRequest request)
{
    /// <summary>Error bodies of upstreams are read so far.</summary>
    private const int MaxErrorBytes = 64 * 1024;

    /// <summary>Finds a replica, waiting in the queue where all are at their limits, and counts the attempt as begun.</summary>
    public async ValueTask<(Attempt? Attempt, ApiError? Error)> PlaceAsync(PlaceTerms terms, string kind)
    {
        TimeSpan asked = services.Clock.Now;
        bool isFirst = kind == "first";
        if (isFirst)
        {
            request.Telemetry?.AdmitBegan();
        }

        bool suspects;
        lock (services.Gate)
        {
            suspects = !services.State.Poison.IsEmpty;
            if (isFirst)
            {
                services.State.Retries.Arrived(services.Clock.Now);
            }
        }

        (Attempt? attempt, ApiError? error) = suspects && await new SuspectGate(services, request).EnterAsync(terms, kind) is { } judged
            ? judged
            : await services.Waiting.StartAsync(request, terms, kind);
        if (attempt is not null)
        {
            request.Exchange.Forwarded = true;
            Tell(attempt, request.Decision!, isFirst ? services.Clock.Now - asked : null, kind);
            Explain(attempt, request.Decision!);
        }

        else if (isFirst)
        {
            request.Telemetry?.Refused(error!.Code ?? "unknown");
        }

        return (attempt, error);
    }

    /// <summary>Runs an attempt and counts how it ended, whichever way that is.</summary>
    public async Task<AttemptEnd> GuardAsync(Attempt attempt, Func<Task<AttemptEnd>> run)
    {
        AttemptEnd end = new(AttemptOutcome.Cancelled);
        try
        {
            end = await run();
        }
        catch (UpstreamException error)
        {
            end = AttemptEnds.From(error.Failure);
        }
        catch (OperationCanceledException error) when (attempt.Abandoned is not null && error is not ClientGoneException && !request.Exchange.ClientGone.IsCancellationRequested)
        {
            end = AttemptEnds.Abandoned(attempt.Abandoned.Value);
        }
        finally
        {
            End(attempt, end.Outcome);
            attempt.Dispose();
        }

        return end;
    }

    /// <summary>How long the first token of a first attempt may take before a second replica is asked; null for as long as it wants.</summary>
    public TimeSpan? LateAfter(Attempt attempt, string kind)
    {
        if (kind != "first" || !services.Configuration.Pools.TryGetValue(request.PoolName, out PoolSettings? pool) || !pool.Hedge)
        {
            return null;
        }

        lock (services.Gate)
        {
            return services.State.LateAfter(attempt, services.Clock.Now);
        }
    }

    /// <summary>Begins a second attempt beside one that is late, where there is room for it. Nobody who waits in the queue is overtaken.</summary>
    public Attempt? Hedge(Attempt late)
    {
        Attempt? second;
        lock (services.Gate)
        {
            second = services.Waiting.CountOf(request.PoolName) > 0 ? null : services.State.TryHedge(late, services.NextNumber(), services.Clock.Now);
        }

        if (second is not null)
        {
            Tell(second, second.Record.Decision!, null, "hedge");
        }

        return second;
    }

    /// <summary>The attempt has the request from here on.</summary>
    public void Adopt(Attempt attempt)
    {
        lock (services.Gate)
        {
            FleetState.Adopt(attempt);
        }

        request.Telemetry?.AttemptLeads(attempt.Health);
        Explain(attempt, attempt.Record.Decision!);
    }

    public void FirstToken(Attempt attempt)
    {
        TimeSpan now = services.Clock.Now;
        request.FirstToken ??= now - request.Arrived;
        lock (services.Gate)
        {
            services.State.FirstToken(attempt, now);
        }
    }

    /// <summary>An answer with an error status: passed on where it is the request's fault, else a failure.</summary>
    public async Task<AttemptEnd> RefusalAsync(Attempt attempt, UpstreamAnswer answer, ReadOnlySequence<byte> body)
    {
        byte[] bytes = ForeignErrors.WithoutKey(body.Slice(0, Math.Min(body.Length, MaxErrorBytes)).ToArray(), attempt.Replica.Settings.Key);
        ApiError error = ForeignErrors.From(answer.Status, answer.RetryAfter, bytes, out bool forward);
        if (attempt.Replica.IsTiercel && ForeignErrors.IsDraining(answer.Status, bytes))
        {
            return RefusedByDrain(error);
        }

        if (answer.Status is 401 or 403 or 404)
        {
            services.Refused(attempt.Replica, answer.Status, request.Model);
        }

        if (ForeignErrors.IsRetryable(answer.Status))
        {
            bool full = answer.Status == StatusCodes.Status429TooManyRequests || (answer.Status == StatusCodes.Status503ServiceUnavailable && answer.RetryAfter is not null);
            return new AttemptEnd(full ? AttemptOutcome.Overloaded : AttemptOutcome.ServerError, StreamFailure.ServerError, error, answer.RetryAfter);
        }

        if (forward)
        {
            request.Exchange.Outcome = "refused";
            request.Exchange.ErrorCode = error.Code;
            HttpResponse response = request.Exchange.Context.Response;
            response.StatusCode = answer.Status;
            response.ContentType = "application/json";
            response.ContentLength = bytes.Length;
            await response.BodyWriter.WriteAsync(bytes, request.Exchange.ClientGone);
        }
        else
        {
            await request.Exchange.RefuseAsync(error);
        }

        return AttemptEnd.Refused;
    }

    /// <summary>A worker has begun to drain and its news is still on the way. It goes on as what such a worker already has does: nothing failed.</summary>
    public AttemptEnd RefusedByDrain(ApiError error)
    {
        lock (services.Gate)
        {
            services.State.Retries.Lost(1, services.Clock.Now);
        }

        return new AttemptEnd(AttemptOutcome.Cancelled, StreamFailure.Drained, error);
    }

    /// <summary>After a failure before the first byte: waits as long as is right and gives the terms of the next try, or null when there is none.</summary>
    public async Task<PlaceTerms?> RetryAsync(Attempt attempt, AttemptEnd end)
    {
        if (end.Failure == StreamFailure.Interrupted)
        {
            return null;
        }

        if (LostWithWorker(attempt, end) && await ResumeAsync() is int[] others)
        {
            request.Telemetry?.Retried(end.Outcome);
            return new PlaceTerms(others, MustServe: true);
        }

        RetryDecision decision;
        lock (services.Gate)
        {
            TimeSpan now = services.Clock.Now;
            decision = RetryDecision.Decide(
                new RetryQuestion
                {
                    Request = request.Number,
                    Outcome = end.Outcome,
                    RetryAfter = end.RetryAfter,
                    FirstByteSent = false,
                    Tried = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(request.Tried),
                    Usable = services.State.Usable(request, now),
                },
                services.Configuration.Retries,
                services.State.Retries,
                services.Seed,
                now);
        }

        if (!decision.Retry)
        {
            return null;
        }

        request.Telemetry?.Retried(end.Outcome);
        if (decision.Delay > TimeSpan.Zero)
        {
            await Task.Delay(decision.Delay, services.Clock.Time, request.Exchange.ClientGone);
        }

        return new PlaceTerms(decision.Excluded, MustServe: true);
    }

    /// <summary>
    /// Takes a resume for a request that was lost with its worker. Connections break before it is known that their worker has died, and with that all that ran
    /// there may go on: where nothing is left of the budget its news is waited for.
    /// </summary>
    /// <returns>Replicas that must not be chosen; null when there is no resume.</returns>
    private async Task<int[]?> ResumeAsync()
    {
        TimeSpan lost = services.Clock.Now;
        for (bool again = false; ; again = true)
        {
            lock (services.Gate)
            {
                TimeSpan now = services.Clock.Now;
                if (services.State.Retries.TryResume(now, again))
                {
                    return NotAgain(now);
                }

                if (now - lost >= ResumePlan.LongestWait || services.Stopping.IsCancellationRequested)
                {
                    return null;
                }
            }

            await Task.Delay(ResumePlan.Recheck, services.Clock.Time, request.Exchange.ClientGone);
        }
    }

    /// <summary>Tells a client that asked for it where its answer comes from. What is known later than the answer's head is in <c>/internal/requests</c>.</summary>
    private void Explain(Attempt attempt, RouteDecision decision)
    {
        HttpContext context = request.Exchange.Context;
        if (context.Request.Headers.ContainsKey(RequestPath.ExplainHeader) && !context.Response.HasStarted)
        {
            context.Response.Headers["x-tiercel-routed"] = Explanation.OneLine(attempt.Replica.Name, decision);
        }
    }

    private void Tell(Attempt attempt, RouteDecision decision, TimeSpan? queued, string kind)
    {
        if (request.Telemetry is not RequestTelemetry telemetry)
        {
            return;
        }

        if (queued is TimeSpan wait)
        {
            telemetry.Admitted(wait);
        }

        RoutingPolicyKind policy = services.Configuration.Pools.TryGetValue(request.PoolName, out PoolSettings? pool) ? pool.Policy : default;
        string reason = kind is "retry" or "hedge" ? kind : queued is null ? "resume" : decision.PredictedUncachedTokens < decision.PromptTokens ? "cached" : "uncached";
        telemetry.Routed(policy, reason, attempt.Replica.Settings, decision.PredictedTtft);
        telemetry.AttemptBegan(attempt.Replica.Settings, services.Clock.Now, attempt.Health);
    }

    /// <summary>Whether what ended was the worker and not this request: then it goes on by the bound of the streams that were lost with it.</summary>
    private bool LostWithWorker(Attempt attempt, AttemptEnd end) =>
        request.Tried.Count <= ResumePlan.MaxResumes
        && (end.Failure is StreamFailure.Drained or StreamFailure.Stalled or StreamFailure.Silent || end.Outcome is AttemptOutcome.Reset or AttemptOutcome.ConnectRefused)
        && attempt.Replica.IsTiercel;

    /// <summary>Replicas that were tried, as long as another is left; else only the last one.</summary>
    private int[] NotAgain(TimeSpan now)
    {
        int[] usable = services.State.Usable(request, now);
        return usable.Except(request.Tried).Any() ? [.. request.Tried.Distinct()] : usable.Length > 1 ? [request.Tried[^1]] : [];
    }

    /// <summary>Counts how an attempt ended. <see cref="GuardAsync"/> does it for what it runs.</summary>
    public void End(Attempt attempt, AttemptOutcome outcome)
    {
        // One that was cancelled may have been on a worker whose death is known, and may be told while the fingerprint is made.
        bool unanswered = outcome == AttemptOutcome.Cancelled || outcome.BreaksOff();
        UInt128? body = unanswered && attempt.Replica.IsTiercel ? request.BodyFingerprint(services.BodyKey) : null;
        request.Telemetry?.AttemptEnded(outcome, outcome == AttemptOutcome.Success ? request.Usage : null, services.Clock.Now, attempt.Health);
        lock (services.Gate)
        {
            TimeSpan now = services.Clock.Now;
            services.State.End(attempt, outcome, body, now);
        }

        services.Waiting.Pump();
    }
}
