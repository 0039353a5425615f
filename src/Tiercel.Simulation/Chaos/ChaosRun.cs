using Tiercel.Gateway.Health;

namespace Tiercel.Simulation.Chaos;

/// <summary>
/// One run: a fleet, its clients and their troubles, all from one seed and in virtual time. First anything may go wrong and nothing wrong may be done; then
/// all faults are healed, and everything must come to its end.
/// </summary>
internal sealed partial class ChaosRun
{
    private const int SentAfterHealing = 3;

    // After the last ejection is over, so that it can be asked for an answer.
    private static readonly TimeSpan ReadyAgain = TimeSpan.FromSeconds(16);
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(1);

    private readonly ChaosOptions _options;
    private readonly VirtualTime _time = new();
    private readonly Random _random;
    private readonly Trace _trace;
    private readonly SimulatedWorker[] _workers;
    private readonly SimulatedGateway _gateway;
    private readonly List<SimulatedClient> _mustSucceed = [];
    private readonly DateTimeOffset _epoch;
    private TimeSpan _clockSkew;
    private TimeSpan _lastDeath;
    private long _lastRequest;
    private bool _healed;

    public ChaosRun(ChaosOptions options)
    {
        _options = options;
        _random = new Random(options.Seed ^ 0x5EED);
        _trace = new Trace(_time);

        // Half an hour before a month ends, or at noon.
        _epoch = new DateTimeOffset(2026, 1, 31, _random.Next(2) == 0 ? 23 : 12, 30, 0, TimeSpan.Zero);
        _workers = [.. Enumerable.Range(1, options.Workers).Select(NewWorker)];
        _gateway = new SimulatedGateway(options, _time, _workers, () => _epoch + _time.Now + _clockSkew, Tally, _trace);
        foreach (SimulatedWorker worker in _workers)
        {
            worker.Died += present => WorkerDied(worker, present);
            _time.After(HeartbeatInterval * _random.NextDouble(), () => Beat(worker));
        }
    }

    public ChaosTally Tally { get; } = new();

    public ulong Hash => _trace.Hash;

    /// <summary>Runs both phases.</summary>
    /// <exception cref="InvariantViolationException">A check failed.</exception>
    public void Run()
    {
        PlanRequests();
        PlanIncidents();
        RunUntil(_options.SafetyPhase, () => false);
        Heal();
        _time.After(ReadyAgain, SendAfterHealing);
        RunUntil(_options.SafetyPhase + _options.LivenessPhase, AtRest);
        _gateway.Watch.AtRest(_workers);
        if (_mustSucceed.Count < SentAfterHealing)
        {
            throw new InvariantViolationException("I1", $"{_gateway.Open.Count} requests are open long after all faults were healed");
        }

        foreach (SimulatedClient client in _mustSucceed)
        {
            if (client.Ended != "done")
            {
                throw new InvariantViolationException("I1", $"request {client.Request.Number} of a healed fleet ends with '{client.Ended}'");
            }
        }

        Tally.Events += _time.Steps;
    }

    private void RunUntil(TimeSpan end, Func<bool> over)
    {
        while (!over() && _time.Step(end))
        {
            _gateway.Watch.AfterEvent();
        }
    }

    private bool AtRest()
        => _mustSucceed.Count == SentAfterHealing && _mustSucceed.TrueForAll(client => client.Ended is not null) && _gateway.Open.Count == 0 && _workers.All(worker => worker.Requests == 0)
            && _workers.All(worker => _gateway.Health.Of(worker.Id, _time.Now).State is ReplicaState.Ok or ReplicaState.SlowStart);

    private SimulatedWorker NewWorker(int id) => new(
        id, id % 2 == 0 && _options.NumericsIds > 1 ? "b" : "a", _options, _time, new SimulatedLink(_time, _options.Latency), Tally);

    private void Beat(SimulatedWorker worker)
    {
        if (worker.Up && !worker.Frozen && !_options.Foreign)
        {
            GatewayReplica replica = _gateway.Replicas[worker.Id - 1];
            WorkerHeartbeat beat = new(worker.Generation, worker.Steps, worker.Begun, worker.Draining);
            Action deliver = () => _gateway.Heartbeat(replica, beat);
            double luck = _eventTrouble.Contains(worker.Id) ? _random.NextDouble() : 1;
            if (luck < 0.4)
            {
                Tally.Count("event lost");
            }
            else if (luck < 0.6)
            {
                Tally.Count("event doubled");
                worker.Link.ToGateway(deliver);
                worker.Link.ToGateway(deliver);
            }
            else if (luck < 0.8)
            {
                Tally.Count("event late");
                _time.After(TimeSpan.FromSeconds(2 * _random.NextDouble()), () => worker.Link.ToGateway(deliver));
            }
            else
            {
                worker.Link.ToGateway(deliver);
            }
        }

        _time.After(HeartbeatInterval, () => Beat(worker));
    }

    private void PlanRequests()
    {
        int[][] beginnings = [.. Enumerable.Range(0, 3).Select(_ => Tokens(_random.Next(8, 100)))];
        bool burst = _options.Faults.HasFlag(Faults.Burst);
        int poisonous = _options.Faults.HasFlag(Faults.Poison) ? 1 + _random.Next(2) : 0;
        for (int i = 0; i < _options.Requests; i++)
        {
            int[] prompt = [.. beginnings[_random.Next(beginnings.Length)], .. Tokens(_random.Next(1, 40))];
            bool poison = i < poisonous;
            SimulatedRequest request = Draw(prompt) with
            {
                PoisonAt = poison ? _random.Next(_options.MaxTokens) : null,
                Resends = poison ? 3 : _random.Next(4) == 0 ? 1 : 0,
                Patience = !poison && _options.Faults.HasFlag(Faults.Cancel) && _random.Next(3) == 0 ? Seconds(4) : null,
            };
            TimeSpan at = burst && i % 4 != 0 ? TimeSpan.FromSeconds(2) : _options.SafetyPhase * 0.9 * _random.NextDouble();
            _time.At(at, () => Arrive(request));
        }

        Tally.Counts["bursts"] = Tally["bursts"] + (burst ? 1 : 0);
    }

    private SimulatedRequest Draw(int[] prompt) => new()
    {
        Number = ++_lastRequest,
        Body = (int)_lastRequest,
        Tenant = $"t{_random.Next(_options.Tenants)}",
        Prompt = prompt,
        Choices = _random.Next(1, _options.MaxChoices + 1),
        MaxTokens = _random.Next(1, _options.MaxTokens + 1),
        Seed = (ulong)_random.NextInt64(),
        MeanLength = _random.Next(2, 150),
        Priority = _random.Next(4) == 0 ? 1 : 0,
    };

    private void Arrive(SimulatedRequest request)
    {
        SimulatedClient client = new(request);
        GatewayStream? stream = _gateway.Arrive(client);
        if (stream is not null && request.Patience is { } patience)
        {
            _time.After(patience, () => _gateway.Leave(stream));
        }

        if (request.Resends > 0 && !_healed)
        {
            WatchForFailure(client);
        }
    }

    /// <summary>Clients that get an error send the same body again.</summary>
    private void WatchForFailure(SimulatedClient client)
        => _time.After(TimeSpan.FromMilliseconds(500), () =>
        {
            if (client.Ended is null)
            {
                WatchForFailure(client);
            }
            else if (client.Ended.StartsWith("failed", StringComparison.Ordinal) && !_healed)
            {
                Tally.Count("sent again by the client");
                Arrive(client.Request with { Number = ++_lastRequest, Resends = client.Request.Resends - 1 });
            }
        });

    /// <summary>Once what was left of the troubles is over (backlogs, and poison that somebody still carries), the fleet must serve as if nothing had been.</summary>
    private void SendAfterHealing()
    {
        if (_gateway.Open.Count > 0 || _time.Now - _lastDeath < ReadyAgain)
        {
            _time.After(HeartbeatInterval, SendAfterHealing);
            return;
        }

        SimulatedClient client = new(Draw(Tokens(20)) with { Tenant = "t0", Priority = 0 });
        _mustSucceed.Add(client);
        _gateway.Arrive(client);
        if (_mustSucceed.Count < SentAfterHealing)
        {
            _time.After(HeartbeatInterval, SendAfterHealing);
        }
    }

    private int[] Tokens(int count) => [.. Enumerable.Range(0, count).Select(_ => _random.Next(50_000))];

    private TimeSpan Seconds(double most) => TimeSpan.FromSeconds(most * _random.NextDouble());
}
