using System.Collections.Concurrent;
using System.Security.Cryptography;
using Tiercel.Gateway.Admission;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Identity;
using Tiercel.Gateway.Metering;
using Tiercel.Gateway.Metering.Ledger;
using Tiercel.Gateway.Routing;
using Tiercel.Gateway.Telemetry;

namespace Tiercel.Gateway.Fleet;

/// <summary>What the requests of one gateway share.</summary>
internal sealed class FleetServices
{
    private const int ArchivedRequests = 1024;
    private const int SecretBytes = 32;
    private readonly ConcurrentDictionary<(int Replica, int Status), bool> _refusals = new();
    private long _number;

    public FleetServices(FleetOptions options, TimeProvider time, FleetTelemetry telemetry, RequestLog log)
    {
        Options = options;
        Clock = new FleetClock(time);
        Turns = new SocketTurns(options.AnswersOnSocketThreads, time);
        Random = new EdgeRandom(options.Seed);
        Seed = Random.Next();
        Telemetry = telemetry;
        Log = log;
        FleetConfiguration configuration = options.Configuration.Current;
        FingerprintKey = FingerprintKey.From(RandomNumberGenerator.GetBytes(SecretBytes));
        State = new FleetState(configuration, Seed);
        Accounts = new TenantAccounts(configuration, Clock.Now, Clock.Utc);
        Tenants = new TenantDirectory(configuration.Tenants);
        Bodies = new BodyBudget(configuration.Limits.MaxBufferedBodyBytes);
        Answers = new AnswerBudget(configuration.Limits.MaxBufferedAnswerBytes);
        Door = new AdmissionGate(options.MaxConcurrentRequests);
        Waiting = new WaitingRoom(this);
        Admit(configuration);
    }

    /// <summary>Guards <see cref="State"/> and the queues. Held for microseconds, never across a wait.</summary>
    public Lock Gate { get; } = new();

    public FleetOptions Options { get; }

    public FleetClock Clock { get; }

    public SocketTurns Turns { get; }

    public EdgeRandom Random { get; }

    public ulong Seed { get; }

    public FleetState State { get; }

    public WaitingRoom Waiting { get; }

    public TenantAccounts Accounts { get; }

    /// <summary>Replaced as a whole at a reload.</summary>
    public TenantDirectory Tenants { get; set; }

    /// <summary>Set before the first request.</summary>
    public UsageLedger Ledger { get; set; } = null!;

    public FleetTelemetry Telemetry { get; }

    public RequestLog Log { get; }

    public BodyBudget Bodies { get; }

    public AnswerBudget Answers { get; }

    public AdmissionGate Door { get; }

    /// <summary>Replaced at a reload, as is <see cref="Origins"/>.</summary>
    public HostGuard Hosts { get; private set; }

    public OriginPolicy Origins { get; private set; }

    public ClientStreams Streams { get; } = new();

    public RequestArchive Archive { get; } = new(ArchivedRequests);

    public FingerprintKey FingerprintKey { get; }

    /// <summary>Key of the fingerprints by which a request is recognised that is sent again.</summary>
    public byte[] BodyKey { get; } = RandomNumberGenerator.GetBytes(SecretBytes);

    /// <summary>Ends what still runs when the grace of a drain is over.</summary>
    public CancellationTokenSource Stopping { get; } = new();

    /// <summary>Tells people a line; false while nobody listens.</summary>
    public Func<string, bool>? Say { get; set; }

    /// <summary>A fault of the gateway itself ended a request.</summary>
    public Action<Exception>? Faulted { get; set; }

    public FleetConfiguration Configuration => State.Configuration;

    /// <summary>By which names, and from which pages, the gateway may be called.</summary>
    [System.Diagnostics.CodeAnalysis.MemberNotNull(nameof(Hosts), nameof(Origins))]
    public void Admit(FleetConfiguration configuration)
    {
        Hosts = new HostGuard(new GatewayOptions
        {
            Endpoints = [.. configuration.Listeners.Select(listener => listener.Address)],
            AllowedHosts = [.. Options.AllowedHosts, .. configuration.AllowedHosts],
        });
        Origins = new OriginPolicy([.. Options.AllowedOrigins, .. configuration.AllowedOrigins]);
    }

    /// <summary>Tells people that an upstream refuses the gateway itself, once for each way; clients learn nothing of keys and addresses.</summary>
    public void Refused(Replica replica, int status, string model)
    {
        if (!_refusals.TryAdd((replica.Id, status), true))
        {
            return;
        }

        string hint = status == 404 ? $"is its url right, and does it have a model '{replica.Settings.Model ?? model}'?" : "is its key right?";
        Say?.Invoke($"{replica.Pool}/{replica.Name} refuses the gateway with status {status}: {hint}");
    }

    public long NextNumber() => Interlocked.Increment(ref _number);
}
