using System.Security.Cryptography;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Endpoints;
using Tiercel.Gateway.Upstreams;
using Tiercel.Gateway.Workers;

namespace Tiercel.Gateway.Fleet;

/// <summary>
/// Makes the configuration's upstreams into replicas, and keeps those that a reload leaves as they are. A replica that was changed gets a new connection
/// and keeps its number; one that was taken out finishes what it has.
/// </summary>
internal sealed class FleetRegistry : IAsyncDisposable
{
    private readonly FleetServices _services;
    private readonly Dictionary<(string Pool, string Name), Replica> _replicas = [];
    private readonly List<IUpstream> _retired = [];
    private readonly Dictionary<int, WorkerLink> _links = [];
    private readonly List<Task> _ended = [];
    private readonly GatewayServices? _embedded;
    private readonly RequestDispatcher? _endpoints;
    private readonly string _embeddedSecret = Convert.ToHexString(RandomNumberGenerator.GetBytes(32));
    private int _lastId;

    public FleetRegistry(FleetServices services)
    {
        _services = services;
        if (services.Options.Embedded is { } engine)
        {
            Secret secret = new("the process itself", _embeddedSecret);
            _embedded = new GatewayServices(new GatewayOptions { ClusterSecret = secret, Seed = services.Random.Next() }, engine, services.Clock.Time);
            _endpoints = new RequestDispatcher(_embedded);
        }
    }

    /// <summary>Puts a configuration in force.</summary>
    public void Apply(FleetConfiguration configuration)
    {
        Dictionary<string, List<Replica>> members = [];
        HashSet<(string, string)> named = [];
        foreach ((string pool, PoolSettings settings) in configuration.Pools)
        {
            members[pool] = [.. settings.Upstreams.Select(upstream => Take(configuration, pool, upstream))];
            named.UnionWith(settings.Upstreams.Select(upstream => (pool, upstream.Name)));
        }

        foreach ((string, string) gone in _replicas.Keys.Where(key => !named.Contains(key)).ToArray())
        {
            Replica replica = _replicas[gone];
            _retired.Add(replica.Upstream);
            _replicas.Remove(gone);
            if (_links.Remove(replica.Id, out WorkerLink? link))
            {
                _ended.Add(link.DisposeAsync().AsTask());
            }
        }

        lock (_services.Gate)
        {
            _services.State.Configure(configuration, members, _services.Clock.Now);
            _services.Waiting.Reconfigure(configuration.Queue);
        }

        foreach (Replica replica in _replicas.Values.Where(replica => replica.IsTiercel && !_links.ContainsKey(replica.Id)))
        {
            WorkerLinkOptions patience = new() { Seed = _services.Random.Next() };
            WorkerLink link = new(replica.Upstream, new ReplicaListener(_services, replica), patience, _services.Clock.Time);
            _links[replica.Id] = link;
            link.Start();
        }

        _services.Accounts.Apply(configuration, _services.Clock.Now, _services.Clock.Utc);
        _services.Tenants = new Identity.TenantDirectory(configuration.Tenants);
        _services.Admit(configuration);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (WorkerLink link in _links.Values)
        {
            await link.DisposeAsync();
        }

        await Task.WhenAll(_ended);
        foreach (IUpstream upstream in _replicas.Values.Select(replica => replica.Upstream).Concat(_retired))
        {
            await upstream.DisposeAsync();
        }

        if (_embedded is not null)
        {
            await _embedded.DisposeAsync();
        }
    }

    private Replica Take(FleetConfiguration configuration, string pool, UpstreamSettings settings)
    {
        if (_replicas.TryGetValue((pool, settings.Name), out Replica? replica))
        {
            if (replica.Settings != settings)
            {
                _retired.Add(replica.Upstream);
                replica.Settings = settings;
                replica.Upstream = Connect(configuration, replica.Id, settings);
                if (_links.Remove(replica.Id, out WorkerLink? link))
                {
                    _ended.Add(link.DisposeAsync().AsTask());
                }
            }

            return replica;
        }

        int id = ++_lastId;
        replica = new Replica(id, pool, settings, Connect(configuration, id, settings));
        _replicas[(pool, settings.Name)] = replica;
        return replica;
    }

    private IUpstream Connect(FleetConfiguration configuration, int id, UpstreamSettings settings)
    {
        if (settings.Kind != UpstreamKind.Embedded)
        {
            return new HttpUpstream(id, settings, new HttpUpstreamOptions
            {
                Time = _services.Clock.Time,
                ClusterSecret = configuration.Cluster.Secret,
                ClusterTls = configuration.Cluster.Tls,
                MaxBufferedBytes = (int)Math.Min(int.MaxValue, configuration.Limits.MaxAnswerBytes),
            });
        }

        return _endpoints is null
            ? throw new GatewayConfigurationException($"upstream '{settings.Name}' is the embedded engine, and this process has none: start it with tiercel serve")
            : new EmbeddedUpstream(id, settings, _endpoints, _embeddedSecret);
    }
}
