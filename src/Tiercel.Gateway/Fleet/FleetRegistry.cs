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
    private ClusterSettings _cluster = new();
    private long _maxAnswerBytes;
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

    /// <summary>Puts a configuration in force, or throws and leaves everything as it was.</summary>
    public void Apply(FleetConfiguration configuration)
    {
        Dictionary<(string Pool, string Name), (int Id, IUpstream Upstream)> connections = Connect(configuration);
        PutAway();
        _cluster = configuration.Cluster;
        _maxAnswerBytes = configuration.Limits.MaxAnswerBytes;
        Dictionary<string, List<Replica>> members = [];
        HashSet<Replica> named = [];
        foreach ((string pool, PoolSettings settings) in configuration.Pools)
        {
            members[pool] = [.. settings.Upstreams.Select(upstream => Take(pool, upstream, connections))];
            named.UnionWith(members[pool]);
        }

        foreach ((string, string) gone in _replicas.Where(entry => !named.Contains(entry.Value)).Select(entry => entry.Key).ToArray())
        {
            Retire(_replicas[gone]);
            _replicas.Remove(gone);
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
        _services.Bodies.CapacityBytes = configuration.Limits.MaxBufferedBodyBytes;
        _services.Answers.CapacityBytes = configuration.Limits.MaxBufferedAnswerBytes;
        _services.Admit(configuration);
        _ended.RemoveAll(end => end.IsCompletedSuccessfully);
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

    /// <summary>Makes what is needed of new connections, before anything is changed.</summary>
    private Dictionary<(string Pool, string Name), (int Id, IUpstream Upstream)> Connect(FleetConfiguration configuration)
    {
        Dictionary<(string Pool, string Name), (int Id, IUpstream Upstream)> made = [];
        try
        {
            foreach ((string pool, PoolSettings settings) in configuration.Pools)
            {
                foreach (UpstreamSettings upstream in settings.Upstreams)
                {
                    Replica? known = _replicas.GetValueOrDefault((pool, upstream.Name));
                    if (known is null || IsAnother(known.Settings, upstream) || Reconnects(configuration, known.Settings, upstream))
                    {
                        int id = known is not null && !IsAnother(known.Settings, upstream) ? known.Id : ++_lastId;
                        made[(pool, upstream.Name)] = (id, Connect(configuration, id, upstream));
                    }
                }
            }
        }
        catch (Exception error) when (error is System.Security.Cryptography.CryptographicException or IOException or UnauthorizedAccessException)
        {
            _retired.AddRange(made.Values.Select(one => one.Upstream));
            throw new GatewayConfigurationException($"cluster.tls: {error.Message}");
        }
        catch
        {
            _retired.AddRange(made.Values.Select(one => one.Upstream));
            throw;
        }

        return made;
    }

    /// <summary>Another engine under an old name: nothing of what is known of the old one is true of it.</summary>
    private static bool IsAnother(UpstreamSettings before, UpstreamSettings after) => before.Kind != after.Kind || before.Url != after.Url;

    private bool Reconnects(FleetConfiguration configuration, UpstreamSettings before, UpstreamSettings after) =>
        before with { Price = after.Price, Capabilities = after.Capabilities, Model = after.Model } != after
        || (after.Kind == UpstreamKind.Tiercel && configuration.Cluster != _cluster)
        || configuration.Limits.MaxAnswerBytes != _maxAnswerBytes;

    private Replica Take(string pool, UpstreamSettings settings, Dictionary<(string Pool, string Name), (int Id, IUpstream Upstream)> connections)
    {
        Replica? replica = _replicas.GetValueOrDefault((pool, settings.Name));
        bool connects = connections.TryGetValue((pool, settings.Name), out (int Id, IUpstream Upstream) connection);
        if (replica is null || (connects && connection.Id != replica.Id))
        {
            if (replica is not null)
            {
                Retire(replica);
            }

            replica = new Replica(connection.Id, pool, settings, connection.Upstream);
            _replicas[(pool, settings.Name)] = replica;
            return replica;
        }

        if (connects)
        {
            Retire(replica);
            replica.Upstream = connection.Upstream;
        }

        lock (_services.Gate)
        {
            replica.Reconfigure(settings);
        }

        return replica;
    }

    /// <summary>Connections that an earlier reload left and that have nothing more to carry.</summary>
    private void PutAway()
    {
        foreach (HttpUpstream upstream in _retired.OfType<HttpUpstream>().Where(one => one.OpenConnections == 0).ToArray())
        {
            _retired.Remove(upstream);
            _ended.Add(upstream.DisposeAsync().AsTask());
        }
    }

    /// <summary>Nothing new goes over the replica's connections; what runs on them goes on.</summary>
    private void Retire(Replica replica)
    {
        _retired.Add(replica.Upstream);
        if (_links.Remove(replica.Id, out WorkerLink? link))
        {
            _ended.Add(link.DisposeAsync().AsTask());
        }
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
