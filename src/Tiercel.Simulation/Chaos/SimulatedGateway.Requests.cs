using Microsoft.AspNetCore.Http;
using Tiercel.Gateway.Admission;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Endpoints;
using Tiercel.Gateway.Fleet;
using Tiercel.Gateway.Identity;
using Tiercel.Gateway.Metering;
using Tiercel.Gateway.Recovery;
using Tiercel.Gateway.Routing;
using Tiercel.Gateway.Upstreams;

namespace Tiercel.Simulation.Chaos;

/// <summary>The steps of a request from its arrival to an attempt, and its settling.</summary>
internal sealed partial class SimulatedGateway
{
    private static readonly PriceSettings Price = new() { Input = 1, CachedInput = 0.5m, Output = 4 };
    private static readonly TimeSpan SuspectPatience = TimeSpan.FromSeconds(20);

    private readonly Exchange _exchange = new(new DefaultHttpContext(), "", 0);
    private readonly Dictionary<GatewayStream, QueuedStream> _waiting = [];

    /// <summary>4 Admit: what the tenant may.</summary>
    public GatewayStream? Arrive(SimulatedClient client)
    {
        SimulatedRequest request = client.Request;
        long tokens = request.Prompt.Length + ((long)request.MaxTokens * request.Choices);
        Money worst = Money.Cost(Price, request.Prompt.Length, 0, (long)request.MaxTokens * request.Choices, TimeSpan.Zero);
        LimitDecision limits = _accounts[request.Tenant].TryAdmit(new AdmissionQuery(tokens, worst), _time.Now, _utc(), out AdmittedRequest? admitted);
        if (admitted is null)
        {
            _tally.Count($"refused by {limits.Hit}");
            client.Failed("limit");
            return null;
        }

        int kept = _options.Defect == Defect.RemembersEverything ? StreamJournal.DefaultMaxTokens : _options.JournalTokens;
        GatewayStream stream = new(client, FleetRequestOf(request), new StreamJournal(request.Choices, kept), _time.Now) { Admitted = admitted };
        Open.Add(stream);
        _watch.Accepted(stream);
        _state.Retries.Arrived(_time.Now);
        Start(stream);
        return stream;
    }

    private FleetRequest FleetRequestOf(SimulatedRequest request)
    {
        // A block of the fingerprint for each sixteen tokens of the prompt.
        ulong[] beginnings = new ulong[request.Prompt.Length / 16];
        ulong hash = TokenOracle.Mix((ulong)request.Tenant[1]);
        for (int i = 0; i < beginnings.Length * 16; i++)
        {
            hash = TokenOracle.Mix(hash ^ (uint)request.Prompt[i]);
            beginnings[i / 16] = hash;
        }

        int bytes = request.Prompt.Length * (PromptFingerprint.BlockBytes / 16);
        return new FleetRequest(_exchange, request.Number, BodyKind.Chat, "/v1/chat/completions", _time.Now)
        {
            Caller = new Caller(Configuration.Tenants[request.Tenant], "key"),
            Body = default,
            Scanned = new ScannedBody { Stream = true, MaxTokens = request.MaxTokens, Choices = request.Choices, Prompt = new ByteRange(0, bytes) },
            Model = "model",
            PoolName = Pool,
            Fingerprint = PromptFingerprint.FromBeginnings(beginnings, bytes),
            AnswerId = "",
            CreatedUnixSeconds = 0,
            Seed = request.Seed,
            KnownBody = request.Fingerprint,
        };
    }

    /// <summary>The client went away.</summary>
    public void Leave(GatewayStream stream)
    {
        if (!Open.Contains(stream))
        {
            return;
        }

        _tally.Count(stream.WaitsSince is not null ? "cancelled in the queue" : "cancelled");
        stream.Client.Left();
        _tally.Counts["cancelled with two attempts"] = _tally["cancelled with two attempts"] + (stream.Attempts.Count > 1 ? 1 : 0);
        foreach (GatewayAttempt attempt in stream.Attempts.ToArray())
        {
            // What one of them took is billed.
            Cancel(attempt, loses: stream.Attempts.Count > 1, answered: false);
        }

        Close(stream);
    }

    /// <summary>4 and 5: suspects go their own way, others find a replica or wait.</summary>
    private void Start(GatewayStream stream)
    {
        PoisonVerdict verdict = _state.Poison.IsEmpty || _options.Defect == Defect.TrustsSuspects
            ? PoisonVerdict.Free
            : _state.Poison.Judge(stream.Request.Fingerprint, _time.Now);
        switch (verdict)
        {
            case PoisonVerdict.Quarantined:
                _tally.Count("quarantined");
                _watch.RefusedAsPoison(stream.Request);
                Fail(stream, "quarantined");
                return;
            case PoisonVerdict.Alone:
                stream.SuspectUntil = _time.Now + SuspectPatience;
                _suspects.Add(stream);
                PumpSuspects();
                return;
            default:
                PlaceOrWait(stream);
                return;
        }
    }

    private void PlaceOrWait(GatewayStream stream)
    {
        if ((stream.Terms.MustServe || _queue.Count == 0) && TryPlace(stream) == TurnVerdict.Run)
        {
            return;
        }

        List<QueueEntry> pushedOut = [];
        QueuedStream entry = new(stream)
        {
            Id = stream.Request.Number,
            Tenant = stream.Request.Tenant,
            Weight = Configuration.Tenants[stream.Request.Tenant].Weight,
            Priority = stream.Request.Priority,
            Tokens = stream.Request.Prompt.Length + stream.Request.MaxTokens,
            Bytes = 100,
            Deadline = _time.Now + (_options.Defect == Defect.RunsTheExpired ? TimeSpan.FromHours(1) : Configuration.Queue.MaxWait),
        };
        EnqueueOutcome outcome = _queue.TryEnqueue(entry, _time.Now, pushedOut);
        Expire();
        foreach (QueuedStream gone in pushedOut.Cast<QueuedStream>())
        {
            _tally.Count("pushed out of the queue");
            Fail(gone.Stream, "shed");
        }

        if (outcome != EnqueueOutcome.Queued)
        {
            _tally.Count($"refused: {outcome}");
            Fail(stream, "queue full");
            return;
        }

        _tally.Count("queued");
        stream.WaitsSince = _time.Now;
        _waiting[stream] = entry;
    }

    private void Pump()
    {
        PumpSuspects();
        Expire();
        while (_queue.TryDequeue(_time.Now, entry => Turn(((QueuedStream)entry).Stream)) is QueuedStream next)
        {
            _waiting.Remove(next.Stream);
            next.Stream.WaitsSince = null;
        }
    }

    private void Expire()
    {
        List<QueueEntry> expired = [];
        _queue.Expire(_time.Now, expired);
        foreach (QueuedStream entry in expired.Cast<QueuedStream>())
        {
            _tally.Count("expired in the queue");
            entry.Stream.WaitsSince = null;
            _waiting.Remove(entry.Stream);
            Fail(entry.Stream, "queue deadline");
        }
    }

    private TurnVerdict Turn(GatewayStream stream)
    {
        // Workers may have died with the same request while this one waited.
        if (!_state.Poison.IsEmpty && _options.Defect != Defect.TrustsSuspects && _state.Poison.Judge(stream.Request.Fingerprint, _time.Now) != PoisonVerdict.Free)
        {
            stream.SuspectUntil = _time.Now + SuspectPatience;
            _suspects.Add(stream);
            _tally.Count("suspected while it waited");
            return TurnVerdict.Run;
        }

        // Whatever comes of its turn, it is not in the queue any more, unless nobody has room for it.
        _waiting.Remove(stream, out QueuedStream? entry);
        TurnVerdict verdict = TryPlace(stream);
        if (verdict == TurnVerdict.Run)
        {
            _watch.Served(stream, stream.WaitsSince!.Value);
        }
        else
        {
            _waiting[stream] = entry!;
        }

        return verdict;
    }

    private TurnVerdict TryPlace(GatewayStream stream)
    {
        _state.Health.Availability(Pool, _time.Now, _healthView);
        _tally.Counts["panics"] = _tally["panics"] + (_healthView.Exists(one => one.Panic) ? 1 : 0);
        _watch.Seen(_healthView);
        Placement placement = _state.Place(stream.Fleet, stream.Terms, _time.Now);
        if (placement.Waits)
        {
            _tally.Count(placement.IsKept ? "kept waiting for others" : "no place");
            return placement.IsKept ? TurnVerdict.Skip : TurnVerdict.Stop;
        }

        bool refused = _options.Defect == Defect.IgnoresPanic && placement.Replica is { } chosen && _healthView.Exists(one => one.Replica == chosen.Id && one.Panic);
        if (placement.Replica is null || refused)
        {
            _watch.NotPlaced(stream.Terms, _healthView);
            string why = refused ? nameof(RouteOutcome.NoReplica) : placement.Decision.Outcome.ToString();
            _tally.Count($"refused: {why}");
            Fail(stream, why);
            return TurnVerdict.Run;
        }

        Send(stream, _state.Begin(stream.Fleet, placement.Replica, placement.Decision, "", _time.Now), alone: false);
        return TurnVerdict.Run;
    }

    private void PumpSuspects()
    {
        foreach (GatewayStream stream in _suspects.ToArray())
        {
            switch (_state.Poison.Judge(stream.Request.Fingerprint, _time.Now))
            {
                case PoisonVerdict.Free:
                    _suspects.Remove(stream);
                    PlaceOrWait(stream);
                    break;
                case PoisonVerdict.Quarantined:
                    _suspects.Remove(stream);
                    _tally.Count("quarantined");
                    _watch.RefusedAsPoison(stream.Request);
                    Fail(stream, "quarantined");
                    break;
                case PoisonVerdict.Alone when _time.Now >= stream.SuspectUntil:
                    _suspects.Remove(stream);
                    _tally.Count("suspects that waited in vain");
                    Fail(stream, "no worker to be tried on");
                    break;
                default:
                    TryAlone(stream);
                    break;
            }
        }
    }

    private void TryAlone(GatewayStream stream)
    {
        if (_state.TryStartAlone(stream.Fleet, stream.Request.Fingerprint, stream.Terms, "", _time.Now) is { } attempt)
        {
            _suspects.Remove(stream);
            _tally.Count(stream.Plan is null ? "tried alone" : "tried alone in mid-stream");
            Send(stream, attempt, alone: true);
        }
    }

    private void Fail(GatewayStream stream, string why)
    {
        if (_options.Defect == Defect.LosesTheEnd)
        {
            return;
        }

        _tally.Count("failed: " + why);
        stream.Client.Failed(why);
        Close(stream);
    }

    /// <summary>9 Settle: exactly once, whatever happened.</summary>
    private void Close(GatewayStream stream)
    {
        if (!Open.Remove(stream))
        {
            return;
        }

        if (_waiting.Remove(stream, out QueuedStream? entry))
        {
            _queue.Remove(entry);
        }

        _suspects.Remove(stream);
        _state.Poison.Released(stream.Request.Number, passed: false);
        bool cancelled = stream.Client.Ended == "cancelled";
        if (!(cancelled && _options.Defect == Defect.ForgetsToSettle))
        {
            Settle(stream);
        }

        if (_options.Defect == Defect.BillsTwice)
        {
            _watch.Billed(stream, stream.Usage?.Prompt ?? 0, stream.Usage?.Completion ?? 0);
        }

        stream.Journal.Dispose();
        _watch.Closed(stream);
    }

    private void Settle(GatewayStream stream)
    {
        // Where no engine told the usage, the tokens that it streamed are billed, and the prompt that it must have read for them.
        int completion = stream.Usage?.Completion ?? (int)Math.Max(stream.Journal.TotalTokens, stream.Foreign);
        int prompt = (stream.Usage?.Prompt ?? (completion > 0 ? stream.Request.Prompt.Length : 0)) + (stream.ResumedPrompts * stream.Request.Prompt.Length);
        Money cost = Money.Cost(Price, prompt, 0, completion, TimeSpan.Zero);
        if (stream.Admitted!.End(prompt + completion, cost, _time.Now))
        {
            _watch.Billed(stream, prompt, completion);
        }
    }
}
