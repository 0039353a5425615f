using System.Net;
using Tiercel.Gateway.Configuration.Shapes;
using Tiercel.Gateway.Configuration.Yaml;

namespace Tiercel.Gateway.Configuration.Sections;

/// <summary>The whole file.</summary>
internal static class FleetSection
{
    private static readonly Key<IReadOnlyList<ListenerSettings>> Listen = Keys.Default<IReadOnlyList<ListenerSettings>>(
        "listen",
        new ListShape<ListenerSettings>(ListenerSection.Table, 16, listener => listener.Address.ToString()),
        [new ListenerSettings()],
        "Where clients are listened for. Without it, 127.0.0.1:8080.",
        needsRestart: true);

    private static readonly Key<IReadOnlyList<string>?> AllowedHosts = Keys.Optional(
        "allowed_hosts",
        new ListShape<string>(Texts.HostName, 256),
        "Host names (without port) that requests may carry besides `localhost`, `127.0.0.1` and `[::1]`. Without it others are refused when every listener is on "
        + "loopback, which keeps out web pages that point their own name at this machine, and all are taken otherwise.");

    private static readonly Key<IReadOnlyList<string>?> AllowedOrigins = Keys.Optional(
        "allowed_origins",
        new ListShape<string>(Texts.Origin, 256),
        "Origins of web pages that may call the API (CORS), such as `https://app.example.com`; `\"*\"` for all. Without it browsers keep other pages out.");

    private static readonly Key<bool> NoAuth = Keys.Default(
        "no_auth", Numbers.Boolean, false, "Said explicitly, everybody who reaches a listener may use the fleet without a key. Does not go with tenants.");

    private static readonly Key<ClusterSettings> Cluster = Keys.Default("cluster", ClusterSection.Table, new ClusterSettings(), "Trust between gateways and workers.");

    private static readonly Key<IReadOnlyDictionary<string, PoolSettings>> Pools = Keys.Required<IReadOnlyDictionary<string, PoolSettings>>(
        "pools", new MapShape<PoolSettings>("pool", PoolSection.Table, Texts.Name, 256, (_, pool) => pool), "Upstreams that can stand in for each other.");

    private static readonly Key<IReadOnlyDictionary<string, RouteSettings>> Routes = Keys.Required<IReadOnlyDictionary<string, RouteSettings>>(
        "routes", new MapShape<RouteSettings>("route", RouteSection.Table, Texts.RouteName, 4096, (_, route) => route), "Which pool answers for which model. The route `\"*\"` is for every name that has no route of its own; it reaches the engine as the client said it.");

    private static readonly Key<IReadOnlyDictionary<string, ServiceClass>> Classes = Keys.Default<IReadOnlyDictionary<string, ServiceClass>>(
        "classes",
        new MapShape<ServiceClass>("class", ClassSection.Table, Texts.Name, 64, (name, one) => one with { Name = name }),
        new Dictionary<string, ServiceClass>(),
        "Classes of service.");

    private static readonly Key<IReadOnlyDictionary<string, TenantSettings>> Tenants = Keys.Default<IReadOnlyDictionary<string, TenantSettings>>(
        "tenants",
        new MapShape<TenantSettings>("tenant", TenantSection.Table, Texts.Name, 65_536, (name, one) => one with { Name = name }),
        new Dictionary<string, TenantSettings>(),
        "Who may use the fleet. Without any no key is asked for, and only this machine may come in unless `no_auth` is said.");

    private static readonly Key<QueueSettings> Queue = Keys.Default("queue", QueueSection.Table, new QueueSettings(), "The queue in front of each pool.");

    private static readonly Key<RetrySettings> Retries = Keys.Default("retries", RetrySection.Table, new RetrySettings(), "Second tries.");

    private static readonly Key<HealthSettings> Health = Keys.Default("health", HealthSection.Table, new HealthSettings(), "Ejection and return of upstreams.");

    private static readonly Key<LedgerSettings> Ledger = Keys.Default("ledger", LedgerSection.Table, new LedgerSettings(), "Where usage is kept.");

    private static readonly Key<TelemetrySettings> Telemetry = Keys.Default("telemetry", TelemetrySection.Table, new TelemetrySettings(), "Traces, metrics and logs.");

    private static readonly Key<BodyLimits> Limits = Keys.Default("limits", LimitSection.Table, new BodyLimits(), "Bounds on memory.");

    public static Section<FleetConfiguration> Table { get; } = new(
        "configuration",
        "The file as a whole.",
        [Listen, AllowedHosts, AllowedOrigins, NoAuth, Cluster, Pools, Routes, Classes, Tenants, Queue, Retries, Health, Ledger, Telemetry, Limits],
        Build)
    {
        Check = Check,
    };

    /// <summary>Says what the parts make of each other. Runs however much else is wrong, so that everything is told at once.</summary>
    public static void CheckAcross(YamlNode root, ReadingContext context)
    {
        context.CheckMentions();
        if (root is YamlMap map)
        {
            CheckTrust(map, context);
        }
    }

    private static FleetConfiguration Build(SectionValues values) => new()
    {
        Version = "",
        Listeners = values.Get(Listen),
        AllowedHosts = values.Get(AllowedHosts) ?? [],
        AllowedOrigins = values.Get(AllowedOrigins) ?? [],
        NoAuth = values.Get(NoAuth),
        Cluster = values.Get(Cluster),
        Pools = values.Get(Pools),
        Routes = values.Get(Routes),
        Classes = values.Get(Classes),
        Tenants = values.Get(Tenants),
        Queue = values.Get(Queue),
        Retries = values.Get(Retries),
        Health = values.Get(Health),
        Ledger = values.Get(Ledger),
        Telemetry = values.Get(Telemetry),
        Limits = values.Get(Limits),
    };

    private static void Check(SectionValues values)
    {
        IReadOnlyDictionary<string, PoolSettings> pools = values.Get(Pools);
        foreach (string pool in pools.Keys.Except(values.Get(Routes).Values.Select(route => route.Pool)))
        {
            values.Note(Pools, $"no route leads to the pool '{pool}'");
        }

        bool free = pools.Values.SelectMany(pool => pool.Upstreams).All(upstream => upstream.Price == new PriceSettings());
        foreach (TenantSettings tenant in values.Get(Tenants).Values.Where(tenant => free && tenant.Budget != new BudgetSettings()))
        {
            values.Note(Tenants, $"the budget of '{tenant.Name}' is never used up: no upstream has a price");
        }

        ClusterSettings cluster = values.Get(Cluster);
        if (cluster.Secret is null && cluster.Tls is null && pools.Values.SelectMany(pool => pool.Upstreams).Any(upstream => upstream.Kind == UpstreamKind.Tiercel))
        {
            values.Wrong(Cluster, "Tiercel workers want cluster.secret or cluster.tls; one that is not trusted is of the kind openai");
        }
    }

    /// <summary>Works on the file itself: listeners and tenants may be wrong in other ways, and this must be said all the same.</summary>
    private static void CheckTrust(YamlMap root, ReadingContext context)
    {
        YamlNode? Find(YamlNode? node, string name) => (node as YamlMap)?.Entries.FirstOrDefault(entry => entry.Key.Text == name).Value;

        YamlNode? noAuth = Find(root, NoAuth.Name);
        bool everybody = noAuth is YamlScalar { IsPlain: true, Text: "true" };
        bool hasTenants = Find(root, Tenants.Name) is YamlMap { Entries.Count: > 0 };
        if (everybody && hasTenants)
        {
            context.Error(noAuth!, NoAuth.Name, "contradicts tenants: either keys are asked for or they are not");
        }

        if (everybody || hasTenants || Find(root, Listen.Name) is not YamlList listeners)
        {
            return;
        }

        for (int i = 0; i < listeners.Items.Count; i++)
        {
            string path = ConfigurationPath.Child(ConfigurationPath.Item(Listen.Name, i), "address");
            if (Find(listeners.Items[i], "address") is YamlScalar address && IsOpen(address.Text))
            {
                context.Error(address, path, "can be reached from other machines: give tenants keys, or say no_auth: true");
            }
        }
    }

    private static bool IsOpen(string address) => IPEndPoint.TryParse(address, out IPEndPoint? place) && !IPAddress.IsLoopback(place.Address);
}
