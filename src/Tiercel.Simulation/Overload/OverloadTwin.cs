using Microsoft.AspNetCore.Http;
using Tiercel.Gateway.Admission;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Endpoints;
using Tiercel.Gateway.Fleet;
using Tiercel.Gateway.Health;
using Tiercel.Gateway.Identity;
using Tiercel.Gateway.Routing;
using Tiercel.Gateway.Upstreams;
using Tiercel.Simulation.Routing;

namespace Tiercel.Simulation.Overload;

/// <summary>
/// More requests than the fleet can serve, from several tenants, through the production decisions (the fleet's state with its router, the fair queue) in
/// front of simulated engines in virtual time. What is written here is only what the gateway's waiting room does around these decisions.
/// </summary>
internal sealed class OverloadTwin
{
    private const string PoolName = "pool";
    private static readonly TimeSpan Pulse = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Latency = TimeSpan.FromMilliseconds(2);

    private readonly OverloadOptions _options;
    private readonly VirtualTime _time = new();
    private readonly FleetConfiguration _configuration;
    private readonly FleetState _state;
    private readonly FairQueue _queue;
    private readonly SimulatedEngine[] _engines;
    private readonly bool[] _stepping;
    private readonly long[] _steps;
    private readonly Exchange _exchange = new(new DefaultHttpContext(), "", 0);
    private readonly Dictionary<long, Open> _open = [];
    private readonly OverloadReport _report;
    private readonly Random _random;
    private long _number;
    private int _block;

    public OverloadTwin(OverloadOptions options)
    {
        _options = options;
        _random = new Random(options.Seed);
        _report = new OverloadReport(options);
        _configuration = ConfigurationOf(options);
        _engines = [.. Enumerable.Range(0, options.Workers).Select(_ => new SimulatedEngine(1, 100_000, options.Times))];
        _stepping = new bool[options.Workers];
        _steps = new long[options.Workers];
        _queue = new FairQueue(_configuration.Queue);
        _state = new FleetState(_configuration, (ulong)options.Seed, TuningOf(options));
        IReadOnlyList<UpstreamSettings> upstreams = _configuration.Pools[PoolName].Upstreams;

        // Nothing is sent over the upstream of a simulated replica: decisions do not send.
        List<Replica> members = [.. upstreams.Select((upstream, index) => new Replica(index, PoolName, upstream, upstream: null!))];
        _state.Configure(_configuration, new Dictionary<string, List<Replica>> { [PoolName] = members }, _time.Now);
    }

    public OverloadReport Run()
    {
        foreach (TenantLoad tenant in _options.Tenants)
        {
            Plan(tenant, TimeSpan.Zero);
        }

        Beat();
        while (_time.Pending > 0)
        {
            _time.Step(TimeSpan.MaxValue);
        }

        return _report;
    }

    private double Seconds => _time.Now.TotalSeconds;

    private static RoutingTuning TuningOf(OverloadOptions options) => options.Defect switch
    {
        OverloadDefect.FloodFillsEngines => options.Tuning with { Flooding = 0 },
        OverloadDefect.FloodTakesAllPlaces => options.Tuning with { KeptPlaces = 0 },
        OverloadDefect.BelievesPredictions => options.Tuning with { Errors = 0, ErrorsWhenRefusing = 0 },
        _ => options.Tuning,
    };

    private static FleetConfiguration ConfigurationOf(OverloadOptions options) => new()
    {
        Version = "simulated",
        Pools = new Dictionary<string, PoolSettings>
        {
            [PoolName] = new()
            {
                Upstreams = [.. Enumerable.Range(0, options.Workers).Select(index => new UpstreamSettings
                {
                    Name = $"w{index}",
                    Kind = options.Foreign ? UpstreamKind.OpenAI : UpstreamKind.Tiercel,
                    Url = new Uri("http://127.0.0.1:8081"),
                    MaxConcurrency = options.Concurrency,
                    Capabilities = UpstreamCapabilities.Chat,
                })],
            },
        },
        Routes = new Dictionary<string, RouteSettings>(),
        Tenants = options.Tenants.ToDictionary(tenant => tenant.Name, tenant => new TenantSettings { Name = tenant.Name, Keys = [] }),
        Queue = options.Defect switch
        {
            OverloadDefect.WaitsWithoutBound => options.Queue with { MaxRequests = 1_000_000, MaxRequestsPerTenant = 1_000_000 },
            OverloadDefect.OneLineForAll => options.Queue with { MaxRequestsPerTenant = options.Queue.MaxRequests },
            _ => options.Queue,
        },
    };

    private void Plan(TenantLoad tenant, TimeSpan after)
    {
        double rate = tenant.Rate * (after.TotalSeconds >= _options.FloodAt ? tenant.FloodTimes : 1);
        TimeSpan next = after + TimeSpan.FromSeconds(-Math.Log(1 - _random.NextDouble()) / rate);
        if (next.TotalSeconds < _options.FloodAt || after.TotalSeconds >= _options.FloodAt)
        {
            if (next.TotalSeconds < _options.Seconds)
            {
                _time.At(next, () =>
                {
                    Arrive(tenant);
                    Plan(tenant, next);
                });
            }

            return;
        }

        // The rate changes before it would come: drawn again from there, which changes nothing for arrivals at random.
        TimeSpan flood = TimeSpan.FromSeconds(_options.FloodAt);
        _time.At(flood, () => Plan(tenant, flood));
    }

    private TenantTally? TallyOf(string tenant, double arrived) =>
        arrived < _options.WarmUp ? null
        : arrived < _options.FloodAt ? _report.Before[tenant]
        : arrived < _options.FloodAt + _options.WarmUp ? null
        : _report.After[tenant];

    private void Arrive(TenantLoad tenant)
    {
        int prompt = 64 + (int)(-Math.Log(1 - _random.NextDouble()) * 400);
        int output = 16 + (int)(-Math.Log(1 - _random.NextDouble()) * 80);
        int[] blocks = [.. Enumerable.Range(0, (prompt / SimulatedEngine.BlockTokens) + 1).Select(_ => _block++)];
        TraceRow row = new(Seconds, Math.Min(prompt, 4000), Math.Min(output, 600), blocks);
        TenantTally? tally = TallyOf(tenant.Name, Seconds);
        FleetRequest request = new(_exchange, ++_number, BodyKind.Chat, "/v1/chat/completions", _time.Now)
        {
            Caller = new Caller(_configuration.Tenants[_options.Defect == OverloadDefect.OneLineForAll ? _options.Tenants[0].Name : tenant.Name], "key"),
            Body = default,
            Scanned = new ScannedBody { Stream = true, MaxTokens = row.OutputTokens, Choices = 1, Prompt = new Gateway.Upstreams.ByteRange(0, row.InputTokens * 4) },
            Model = "model",
            PoolName = PoolName,
            Class = _options.Class,
            Fingerprint = PromptText.Fingerprint(row),
            AnswerId = "",
            CreatedUnixSeconds = 0,
            Seed = 0,
            EstimatedTokens = row.InputTokens + row.OutputTokens,
        };
        if (tally is not null)
        {
            tally.Offered++;
        }

        Open open = new(request, row, tally);
        if (_queue.Count == 0 && TryStart(open) == TurnVerdict.Run)
        {
            return;
        }

        Enqueue(open);
        Pump();
    }

    private void Enqueue(Open open)
    {
        TimeSpan wait = _configuration.Queue.MaxWait;
        if (open.Request.Class?.TimeToFirstToken is { } objective && objective < wait)
        {
            wait = objective;
        }

        Waiting entry = new(open)
        {
            Id = open.Request.Number,
            Tenant = open.Request.Caller.Tenant.Name,
            Weight = open.Request.Caller.Tenant.Weight,
            Priority = open.Request.Class?.Priority ?? 0,
            Tokens = open.Request.EstimatedTokens,
            Bytes = open.Row.InputTokens * 4,
            Deadline = _options.Defect == OverloadDefect.WaitsWithoutBound ? TimeSpan.MaxValue : _time.Now + wait,
        };
        List<QueueEntry> pushedOut = [];
        Expire();
        EnqueueOutcome outcome = _queue.TryEnqueue(entry, _time.Now, pushedOut);
        pushedOut.ForEach(gone => Refuse(((Waiting)gone).Open));
        if (outcome != EnqueueOutcome.Queued)
        {
            Refuse(open);
            return;
        }

        _report.Queued++;
        _report.LongestQueue = Math.Max(_report.LongestQueue, _queue.Count);
    }

    private void Pump()
    {
        Expire();
        while (_queue.TryDequeue(_time.Now, entry => TryStart(((Waiting)entry).Open)) is not null)
        {
        }

        Expire();
    }

    private void Expire()
    {
        List<QueueEntry> expired = [];
        _queue.Expire(_time.Now, expired);
        expired.ForEach(entry => Refuse(((Waiting)entry).Open));
    }

    private TurnVerdict TryStart(Open open)
    {
        (Attempt? attempt, Placement placement) = _state.TryStart(open.Request, PlaceTerms.First, "first", _time.Now);
        if (placement.Waits)
        {
            return placement.IsKept ? TurnVerdict.Skip : TurnVerdict.Stop;
        }

        if (attempt is null)
        {
            Refuse(open);
            return TurnVerdict.Run;
        }

        open.Attempt = attempt;
        _open[open.Request.Number] = open;
        int engine = attempt.Replica.Id;
        _time.After(Latency, () =>
        {
            _engines[engine].Submit(new SimulatedRequest(open.Request.Number, open.Row));
            if (!_stepping[engine])
            {
                Step(engine);
            }
        });
        return TurnVerdict.Run;
    }

    private void Refuse(Open open) => open.Tally?.Refuse(Seconds - open.Row.At);

    private void Step(int engine)
    {
        double? seconds = _engines[engine].BeginStep();
        _stepping[engine] = seconds is not null;
        if (seconds is not null)
        {
            _time.After(TimeSpan.FromSeconds(seconds.Value), () =>
            {
                _steps[engine]++;
                _engines[engine].EndStep(First, Ended);
                Step(engine);
            });
        }
    }

    private void First(SimulatedRequest request) => _time.After(Latency, () =>
    {
        Open open = _open[request.Id];
        open.Tally?.Serve(Seconds - open.Row.At);
        _state.FirstToken(open.Attempt!, _time.Now);
    });

    private void Ended(SimulatedRequest request) => _time.After(Latency, () =>
    {
        _open.Remove(request.Id, out Open? open);
        open!.Request.Usage = new TokenUsage(open.Row.InputTokens, request.Cached, open.Row.OutputTokens);
        _state.End(open.Attempt!, AttemptOutcome.Success, body: null, _time.Now);
        Pump();
    });

    /// <summary>The gateway's pulse, and what workers tell of themselves.</summary>
    private void Beat()
    {
        for (int i = 0; i < _engines.Length; i++)
        {
            SimulatedEngine engine = _engines[i];
            if (!_options.Foreign)
            {
                _state.Health.Heartbeat(i, new WorkerHeartbeat($"g{i}", ++_steps[i], engine.Running + engine.Waiting, Draining: false), _time.Now);
            }

            _state.Pools[PoolName].Router.Report(i, new ReplicaStatus { Running = engine.Running, Waiting = engine.Waiting, KvUse = engine.KvUse, KvTokens = 100_000L * SimulatedEngine.BlockTokens }, _time.Now);
        }

        _state.Health.Advance(_time.Now);
        while (_state.Health.NextProbe(_time.Now) is { } order)
        {
            _state.Health.Probed(order.Replica, order.Kind, ProbeResult.Passed, _time.Now);
        }

        Pump();
        if (Seconds < _options.Seconds || _open.Count > 0 || _queue.Count > 0)
        {
            _time.After(Pulse, Beat);
        }
    }

    private sealed class Open(FleetRequest request, TraceRow row, TenantTally? tally)
    {
        public FleetRequest Request { get; } = request;

        public TraceRow Row { get; } = row;

        public TenantTally? Tally { get; } = tally;

        public Attempt? Attempt { get; set; }
    }

    private sealed class Waiting(Open open) : QueueEntry
    {
        public Open Open { get; } = open;
    }
}
