using Tiercel.Gateway.Admission;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Fleet;
using Tiercel.Gateway.Health;
using Tiercel.Gateway.Recovery;
using Tiercel.Gateway.Routing;

namespace Tiercel.Simulation.Chaos;

/// <summary>
/// A gateway made of the production decisions: the fleet's state with its routers, health, retry budget and poison book; the fair queue, limits and budgets,
/// journals and resume plans. What is written here is only what waits and sends in the real one, event by event instead of with awaits.
/// </summary>
internal sealed partial class SimulatedGateway
{
    public const string Pool = "chat";

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FirstByteTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan HeadHeld = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PulseInterval = TimeSpan.FromMilliseconds(250);

    private readonly ChaosOptions _options;
    private readonly VirtualTime _time;
    private readonly ChaosTally _tally;
    private readonly ChaosWatch _watch;
    private readonly Func<DateTimeOffset> _utc;
    private readonly GatewayReplica[] _replicas;
    private readonly FleetState _state;
    private readonly FairQueue _queue;
    private readonly TenantAccounts _accounts;
    private readonly List<GatewayStream> _suspects = [];
    private readonly List<ReplicaHealth> _healthView = [];
    private readonly List<(Attempt Attempt, StreamFailure Reason)> _abandoned = [];
    private long _connections;

    public SimulatedGateway(
        ChaosOptions options, VirtualTime time, IReadOnlyList<SimulatedWorker> workers, Func<DateTimeOffset> utc, ChaosTally tally, Trace trace)
    {
        (_options, _time, _tally, _utc) = (options, time, tally, utc);
        Configuration = ConfigurationOf(options);
        _replicas = [.. workers.Select((worker, index) => new GatewayReplica(worker, Member(worker, Configuration.Pools[Pool].Upstreams[index], options)))];
        _watch = new ChaosWatch(this, options, time, trace);
        _queue = new FairQueue(Configuration.Queue);
        _accounts = new TenantAccounts(Configuration, time.Now, utc());
        _state = new FleetState(Configuration, (ulong)options.Seed) { Changed = transition => tally.Count($"state {transition.To}") };
        _state.Configure(Configuration, new Dictionary<string, List<Replica>> { [Pool] = [.. _replicas.Select(replica => replica.Fleet)] }, time.Now);
        Pulse();
    }

    public FleetConfiguration Configuration { get; }

    public IReadOnlyList<GatewayReplica> Replicas => _replicas;

    public HealthBook Health => _state.Health;

    public FairQueue Queue => _queue;

    public PoisonBook Poison => _state.Poison;

    public PoolRouter Router => _state.Pools[Pool].Router;

    public TenantAccounts Accounts => _accounts;

    public ChaosWatch Watch => _watch;

    /// <summary>Streams that have not ended.</summary>
    public HashSet<GatewayStream> Open { get; } = [];

    private static FleetConfiguration ConfigurationOf(ChaosOptions options) => new()
    {
        Version = "simulated",
        Pools = new Dictionary<string, PoolSettings>
        {
            [Pool] = new() { Upstreams = [.. Enumerable.Range(1, options.Workers).Select(id => UpstreamOf(id, options))], ResumeFallback = options.Fallback, Policy = options.Policy, Hedge = options.Hedge },
        },
        Routes = new Dictionary<string, RouteSettings>(),
        Tenants = Enumerable.Range(0, options.Tenants).ToDictionary(
            index => $"t{index}",
            index => new TenantSettings
            {
                Name = $"t{index}",
                Keys = [],
                Weight = index + 1,
                Limits = index == 1 ? new TenantLimitSettings { ConcurrentRequests = 12, RequestsPerMinute = 600 } : new TenantLimitSettings(),
                Budget = index == 2 ? new BudgetSettings { PerDay = 0.02m } : new BudgetSettings(),
            }),
        Queue = new QueueSettings { MaxRequests = options.QueueLength, MaxWait = TimeSpan.FromSeconds(5), MaxRequestsPerTenant = Math.Max(1, options.QueueLength / 2) },
        Retries = new RetrySettings { BudgetPerSecond = options.RetriesPerSecond },
        Health = new HealthSettings
        {
            FailuresToEject = options.FailuresToEject,
            ProbeInterval = TimeSpan.FromSeconds(1),
            ProbeTimeout = TimeSpan.FromSeconds(1),
            BaseEjection = TimeSpan.FromSeconds(3),
            MaxEjection = TimeSpan.FromSeconds(10),
            SlowStart = TimeSpan.FromSeconds(3),
        },
    };

    private static UpstreamSettings UpstreamOf(int id, ChaosOptions options) => new()
    {
        Name = $"w{id}",
        Kind = options.Foreign ? UpstreamKind.OpenAI : UpstreamKind.Tiercel,
        Url = new Uri(id % 2 == 0 ? "http://127.0.0.1:8081" : "http://10.0.0.1:8081"),
        MaxConcurrency = options.Limit,
        Capabilities = UpstreamCapabilities.Chat | (options.Foreign && options.ContinueMessage ? UpstreamCapabilities.ContinueMessage : UpstreamCapabilities.None),
    };

    // Nothing is sent over the upstream of a simulated replica: decisions do not send.
    private static Replica Member(SimulatedWorker worker, UpstreamSettings settings, ChaosOptions options) => new(worker.Id, Pool, settings, upstream: null!)
    {
        Description = new ReplicaDescription(worker.Id, settings.Name, !options.Foreign) { NumericsId = options.Foreign ? null : worker.Numerics },
    };

    private GatewayReplica ReplicaOf(int id) => _replicas[id - 1];

    /// <summary>Twice the pulse of a real one: silences, probes, timeouts, moves, the queue.</summary>
    private void Pulse()
    {
        _state.Health.Advance(_time.Now);
        SeeDeaths();
        Probe();
        CheckTimeouts();
        Pump();
        _time.After(PulseInterval, Pulse);
    }

    private void Probe()
    {
        foreach (GatewayReplica replica in _replicas)
        {
            if (replica.ProbeOut is { } lost && lost.Until <= _time.Now)
            {
                replica.ProbeOut = null;
                _state.Health.Probed(replica.Id, lost.Kind, ProbeResult.Failed, _time.Now);
            }
        }

        while (_state.Health.NextProbe(_time.Now) is { } order)
        {
            GatewayReplica replica = ReplicaOf(order.Replica);
            long number = ++replica.Probe;
            replica.ProbeOut = (_time.Now + Configuration.Health.ProbeTimeout, order.Kind);
            replica.Worker.Link.ToWorker(() => replica.Worker.Probe(order.Kind == ProbeKind.Generate, passed => Answered(replica, number, order.Kind, passed)));
        }

        SeeDeaths();
    }

    private void Answered(GatewayReplica replica, long number, ProbeKind kind, bool? passed)
    {
        if (replica.Probe == number && replica.ProbeOut is not null)
        {
            replica.ProbeOut = null;
            _state.Health.Probed(replica.Id, kind, passed == true ? ProbeResult.Passed : ProbeResult.Refused, _time.Now);
            SeeDeaths();
        }
    }

    /// <summary>A status event of a worker.</summary>
    public void Heartbeat(GatewayReplica replica, WorkerHeartbeat beat)
    {
        string? before = _state.Health.Generation(replica.Id);
        beat = _options.Defect == Defect.IgnoresGenerations ? beat with { Generation = before ?? beat.Generation } : beat;
        _state.Health.Heartbeat(replica.Id, beat, _time.Now);
        if (_state.Health.Generation(replica.Id) is { } told && told != replica.Fleet.Generation)
        {
            _state.Describe(replica.Fleet, replica.Fleet.Description, told, _time.Now);
        }

        SeeDeaths();
    }

    /// <summary>The fleet's state tells deaths to the poison book by itself; the checks count who was there for themselves.</summary>
    private void SeeDeaths()
    {
        foreach (GatewayReplica replica in _replicas)
        {
            if (replica.Fleet.DeadGeneration == replica.SeenDead)
            {
                continue;
            }

            replica.SeenDead = replica.Fleet.DeadGeneration;
            while (replica.RecentlyBroken.TryPeek(out (UInt128 Body, TimeSpan At) old) && _time.Now - old.At > PoisonBook.DeathNews)
            {
                replica.RecentlyBroken.Dequeue();
            }

            // Who is still there without knowing has died with it too.
            UInt128[] present = [.. replica.RecentlyBroken.Select(broken => broken.Body).Concat(replica.Running.Select(attempt => attempt.Stream.Request.Fingerprint)).Distinct()];
            replica.RecentlyBroken.Clear();
            foreach (GatewayAttempt attempt in replica.Running)
            {
                attempt.DeathTold = _time.Now;
            }

            if (_options.Foreign)
            {
                continue;
            }

            _tally.Count("deaths told");
            _watch.DeathTold(present, replica.Running.Exists(attempt => attempt.Alone));
            if (_options.Defect == Defect.BlamesBystanders)
            {
                _state.Poison.Died(replica.Id, replica.SeenDead + "again", present, _time.Now);
            }
        }
    }
}
