using System.Runtime.InteropServices;
using Tiercel.Gateway.Fleet;
using Tiercel.Gateway.Health;
using Tiercel.Gateway.Recovery;

namespace Tiercel.Simulation.Chaos;

/// <summary>An attempt from being sent to its end, and what follows from a failure.</summary>
internal sealed partial class SimulatedGateway
{
    /// <summary>6 Forward.</summary>
    private void Send(GatewayStream stream, Attempt counted, bool alone, bool hedge = false)
    {
        bool resumes = stream.Plan is ResumeKind.ResumeExactly or ResumeKind.ResumeMarked or ResumeKind.ContinueMessage;
        GatewayReplica replica = ReplicaOf(counted.Replica.Id);
        GatewayAttempt attempt = new(stream, replica, counted) { Alone = alone, IsHedge = hedge };
        stream.Attempts.Add(attempt);
        replica.Running.Add(attempt);
        Submission submission = new(stream.Request, resumes ? Resumed(stream) : null);
        _watch.Sent(attempt, submission);
        _tally.Count(hedge ? "sent: hedge" : stream.Plan is { } plan ? $"sent: {plan}" : stream.Tries > 0 ? "sent: retry" : "sent: first");
        bool first = stream.Tries == 0 && stream.Plan is null && !hedge;
        stream.Tries += resumes ? 0 : 1;
        if (resumes && _options.Defect == Defect.BillsResumedPrompts)
        {
            stream.ResumedPrompts++;
        }

        attempt.Connection = new Connection(++_connections, replica.Worker.Link, message => Receive(attempt, message));
        replica.Worker.Link.ToWorker(() => replica.Worker.Accept(attempt.Connection, submission));
        if (first)
        {
            WaitForFirstToken(attempt);
        }
    }

    /// <summary>What the client has; of a foreign engine it is the text, which in this world is the tokens too.</summary>
    private (int[] Tokens, bool Finished)[] Resumed(GatewayStream stream)
    {
        (int[] Tokens, bool Finished)[] choices = [.. Enumerable.Range(0, stream.Request.Choices).Select(choice =>
            (_options.Foreign ? MemoryMarshal.Cast<byte, int>(stream.Journal.EscapedText.Span).ToArray() : stream.Journal.Tokens(choice).ToArray(),
                stream.Journal.IsFinished(choice)))];
        if (_options.Defect == Defect.DropsTokenOnResume && choices[0] is { Tokens.Length: > 0, Finished: false })
        {
            choices[0].Tokens = choices[0].Tokens[..^1];
        }

        return choices;
    }

    /// <summary>7 Stream.</summary>
    private void Receive(GatewayAttempt attempt, WireEvent message)
    {
        if (attempt.Ended)
        {
            return;
        }

        attempt.Counted.LastProgress = _time.Now;
        attempt.HasHead |= message is WireEvent.Head;
        GatewayStream stream = attempt.Stream;
        if (stream.Undecided && Holds(attempt, message))
        {
            return;
        }

        Take(attempt, message);
    }

    private void Take(GatewayAttempt attempt, WireEvent message)
    {
        GatewayStream stream = attempt.Stream;
        switch (message)
        {
            case WireEvent.Head head:
                Begun(stream, head.Numerics);
                break;
            case WireEvent.Role role:
                stream.Journal.Forward(role: true);
                stream.Client.Role(role.Choice);
                break;
            case WireEvent.Content content:
                Forward(attempt, content);
                break;
            case WireEvent.Usage usage:
                stream.Usage = (usage.Prompt, usage.Completion);
                break;
            case WireEvent.Done when stream.Journal.AllFinished:
                Finish(attempt);
                break;
            case WireEvent.Full full:
                Broke(attempt, AttemptOutcome.Overloaded, StreamFailure.ServerError, full.RetryAfter);
                break;
            case WireEvent.Refused:
                Broke(attempt, AttemptOutcome.ConnectRefused, StreamFailure.Broken);
                break;
            case WireEvent.Reset:
                Broke(attempt, AttemptOutcome.Reset, StreamFailure.Broken);
                break;
            default:
                _tally.Count("malformed");
                Broke(attempt, AttemptOutcome.Malformed, StreamFailure.Malformed);
                break;
        }
    }

    private void Begun(GatewayStream stream, string numerics)
    {
        if (stream.NumericsId is null || stream.Plan is ResumeKind.ResumeMarked or ResumeKind.ContinueMessage)
        {
            // From here on it is that engine's stream; who goes on with it exactly must be of its kind.
            stream.NumericsId = numerics;
            stream.Client.Computed(numerics);
        }
    }

    private void Forward(GatewayAttempt attempt, WireEvent.Content content)
    {
        GatewayStream stream = attempt.Stream;
        if (!stream.Journal.TryForward(content.Choice, _options.Foreign ? [] : content.Tokens, content.Tokens.Length > 0, content.Finished))
        {
            _tally.Count("malformed");
            Broke(attempt, AttemptOutcome.Malformed, StreamFailure.Malformed);
            return;
        }

        if (_options.Foreign)
        {
            stream.Foreign += content.Tokens.Length;
            stream.Journal.AppendText(MemoryMarshal.AsBytes(content.Tokens.AsSpan()));
        }

        if (!attempt.HasFirstToken)
        {
            attempt.HasFirstToken = true;
            _state.FirstToken(attempt.Counted, _time.Now);
        }

        stream.Client.Content(content.Choice, content.Tokens, content.Finished);
        _watch.Forwarded(attempt, content);
    }

    private void Finish(GatewayAttempt attempt)
    {
        GatewayStream stream = attempt.Stream;
        if (stream.Usage is { } usage)
        {
            stream.Client.Used(usage.Prompt, usage.Completion);
        }

        stream.Client.Done();
        EndAttempt(attempt, AttemptOutcome.Success);
        _tally.Count(stream.Journal.Resumes > 0 ? "done after a resume" : "done");
        Close(stream);
        if (_options.Defect == Defect.SpeaksAfterTheEnd)
        {
            stream.Client.Done();
        }
    }

    private void Broke(GatewayAttempt attempt, AttemptOutcome outcome, StreamFailure failure, TimeSpan? retryAfter = null)
    {
        GatewayStream stream = attempt.Stream;
        EndAttempt(attempt, outcome);
        _tally.Count($"broke: {outcome}");
        Probe();
        if (stream.Attempts.Count > 0)
        {
            // The other goes on alone.
            _tally.Count("one of two broke");
            return;
        }

        stream.Undecided = false;
        if (_options.Defect == Defect.CutBecomesStop && stream.Client.AnyContent)
        {
            stream.Client.Done();
            Close(stream);
        }
        else if (!(stream.Journal.RoleSent || stream.Journal.AnyContent) || (_options.Defect == Defect.RestartsAfterFirstByte && stream.Client.AnyContent))
        {
            Retry(stream, outcome, retryAfter);
        }
        else
        {
            Recover(stream, attempt.Replica.Id, failure, _time.Now);
        }
    }

    private void Retry(GatewayStream stream, AttemptOutcome outcome, TimeSpan? retryAfter)
    {
        RetryDecision decision = RetryDecision.Decide(
            new RetryQuestion
            {
                Request = stream.Request.Number,
                Outcome = outcome,
                RetryAfter = retryAfter,
                FirstByteSent = false,
                Tried = CollectionsMarshal.AsSpan(stream.Fleet.Tried),
                Usable = _state.Usable(stream.Fleet, _time.Now),
            },
            Configuration.Retries,
            _state.Retries,
            (ulong)_options.Seed,
            _time.Now);
        if (!decision.Retry && _options.Defect != Defect.RetriesFreely)
        {
            _tally.Count("not retried: " + decision.Reason);
            Fail(stream, "gave up after tries");
            return;
        }

        // What a drain takes away is no retry.
        if (outcome != AttemptOutcome.Cancelled)
        {
            _watch.Retried(decision);
        }

        stream.Terms = new PlaceTerms(decision.Excluded ?? [], MustServe: true);
        stream.Plan = null;
        Later(stream, decision.Delay, () => Start(stream));
    }

    /// <summary>8 Recover.</summary>
    private void Recover(GatewayStream stream, int replica, StreamFailure failure, TimeSpan broke)
    {
        ResumePlan plan = ResumePlan.Make(new ResumeQuestion
        {
            Journal = stream.Journal,
            Failure = failure,
            Replica = replica,
            NumericsId = _options.Foreign ? null : stream.NumericsId,
            Candidates = _state.Candidates(stream.Fleet, _time.Now),
            Fallback = _options.Fallback,
            IsPlainChat = stream.Request.Choices == 1,
            BrokenFor = _time.Now - broke,
        });
        _tally.Count($"plan: {plan.Kind}");
        _watch.Planned(plan);
        switch (plan.Kind)
        {
            case ResumeKind.Wait:
                Later(stream, plan.Delay, () => Recover(stream, replica, failure, broke));
                break;
            case ResumeKind.FinishNow when _options.Defect != Defect.ResumesTheFinished:
                stream.Client.Done();
                Close(stream);
                break;
            case ResumeKind.Fail:
                Fail(stream, plan.Reason);
                break;
            default:
                Resume(stream, plan, failure);
                break;
        }
    }

    private void Resume(GatewayStream stream, ResumePlan plan, StreamFailure failure)
    {
        if (failure != StreamFailure.Drained && !_state.Retries.TryResume(_time.Now))
        {
            Fail(stream, "the retry budget is used up");
            return;
        }

        stream.Journal.Resumed();
        bool planted = plan.Kind == ResumeKind.FinishNow;
        stream.Plan = planted ? ResumeKind.ResumeExactly : plan.Kind;
        stream.Terms = new PlaceTerms([], planted ? null : plan.Replicas, plan.NumericsId, MustServe: true);
        Later(stream, plan.Delay, () => Start(stream));
    }

    /// <summary>Unless the stream has ended by then.</summary>
    private void Later(GatewayStream stream, TimeSpan delay, Action action)
    {
        if (delay == TimeSpan.Zero)
        {
            action();
            return;
        }

        _time.After(delay, () =>
        {
            if (Open.Contains(stream))
            {
                action();
            }
        });
    }

    /// <param name="forgotten">A planted bug: the worker is not told.</param>
    private void EndAttempt(GatewayAttempt attempt, AttemptOutcome outcome, bool forgotten = false)
    {
        attempt.Ended = true;
        GatewayStream stream = attempt.Stream;
        GatewayReplica replica = attempt.Replica;
        stream.Attempts.Remove(attempt);
        replica.Running.Remove(attempt);
        Connection connection = attempt.Connection!;
        connection.ClosedHere = true;
        bool hangsUp = outcome is not (AttemptOutcome.Success or AttemptOutcome.Reset or AttemptOutcome.ConnectRefused);
        if (hangsUp && !forgotten && !(_options.Defect == Defect.ForgetsCancel && outcome == AttemptOutcome.Cancelled))
        {
            replica.Worker.Link.ToWorker(() => replica.Worker.Cancel(connection));
        }

        bool broke = !_options.Foreign && outcome is AttemptOutcome.Reset or AttemptOutcome.ConnectRefused or AttemptOutcome.Timeout;
        bool toldBefore = attempt.DeathTold is { } told && attempt.Counted.LastProgress <= told;
        if (broke && !toldBefore)
        {
            replica.RecentlyBroken.Enqueue((stream.Request.Fingerprint, _time.Now));
        }

        if (!(outcome == AttemptOutcome.Cancelled && _options.Defect == Defect.ForgetsToCount))
        {
            _state.End(attempt.Counted, outcome, broke || outcome == AttemptOutcome.Cancelled ? stream.Request.Fingerprint : null, _time.Now);
        }

        attempt.Counted.Dispose();
        _watch.Ended(attempt, outcome);
        SeeDeaths();
        _time.After(TimeSpan.Zero, Pump);
    }

    /// <summary>Silences, stalls and drains.</summary>
    private void CheckTimeouts()
    {
        foreach (GatewayAttempt attempt in _replicas.SelectMany(replica => replica.Running).ToArray())
        {
            TimeSpan silence = _time.Now - attempt.Counted.LastProgress;
            if (!attempt.HasHead && silence >= HeadHeld)
            {
                // Head and pings go out, so that the client knows that somebody is there.
                attempt.Stream.Journal.Forward(role: false);
            }

            if (!attempt.Connection!.Established && silence >= ConnectTimeout)
            {
                Broke(attempt, AttemptOutcome.ConnectFailed, StreamFailure.Broken);
            }
            else if (silence >= (attempt.HasHead ? IdleTimeout : FirstByteTimeout))
            {
                Broke(attempt, AttemptOutcome.Timeout, attempt.HasHead ? StreamFailure.Silent : StreamFailure.Broken);
            }
        }

        _abandoned.Clear();
        _state.FindAbandoned(_time.Now, _abandoned);
        foreach ((Attempt counted, StreamFailure reason) in _abandoned)
        {
            if (ReplicaOf(counted.Replica.Id).Running.Find(attempt => attempt.Counted == counted) is { } attempt)
            {
                _tally.Count(reason == StreamFailure.Drained ? "moved from a draining worker" : "moved from a stalled worker");
                Broke(attempt, reason == StreamFailure.Drained ? AttemptOutcome.Cancelled : AttemptOutcome.Timeout, reason);
            }
        }
    }
}
