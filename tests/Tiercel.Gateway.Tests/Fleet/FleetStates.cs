using Microsoft.AspNetCore.Http;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Endpoints;
using Tiercel.Gateway.Fleet;
using Tiercel.Gateway.Identity;
using Tiercel.Gateway.Routing;
using Tiercel.Gateway.Upstreams;

namespace Tiercel.Gateway.Tests.Fleet;

/// <summary>The fleet's decisions alone, over workers that exist in name only, and requests for them.</summary>
internal static class FleetStates
{
    public const string Pool = "p";

    /// <summary>Workers with the ids 1, 2, 3 and so on, one for each numerics id.</summary>
    public static FleetState Of(PoolSettings? pool, params string[] numerics)
    {
        FleetState state = new(Configuration(pool, numerics.Length), seed: 1);
        Staff(state, numerics);
        return state;
    }

    /// <summary>A pool of workers with eight places each.</summary>
    public static FleetConfiguration Configuration(PoolSettings? pool, int workers)
    {
        UpstreamSettings[] upstreams = [.. Enumerable.Range(0, workers).Select(index => new UpstreamSettings
        {
            Name = $"w{index + 1}",
            Kind = UpstreamKind.Tiercel,
            Url = new Uri($"http://10.0.0.{index + 1}:8081"),
            MaxConcurrency = 8,
        })];
        return new FleetConfiguration
        {
            Version = "test",
            Pools = new Dictionary<string, PoolSettings> { [Pool] = (pool ?? new PoolSettings { Upstreams = [] }) with { Upstreams = upstreams } },
            Routes = new Dictionary<string, RouteSettings> { ["m"] = new(Pool) },
        };
    }

    /// <summary>Gives the pool its workers.</summary>
    public static void Staff(FleetState state, params string[] numerics)
    {
        // Nothing is sent: decisions do not send.
        List<Replica> members = [.. state.Configuration.Pools[Pool].Upstreams.Select((upstream, index) => new Replica(index + 1, Pool, upstream, upstream: null!))];
        state.Configure(state.Configuration, new Dictionary<string, List<Replica>> { [Pool] = members }, TimeSpan.Zero);
        foreach ((Replica member, string id) in members.Zip(numerics))
        {
            state.Describe(member, new ReplicaDescription(member.Id, member.Name, true) { NumericsId = id }, "g1", TimeSpan.Zero);
        }
    }

    /// <param name="body">Fingerprint of its body where it is known already.</param>
    public static FleetRequest Request(long number, UInt128? body = null, bool streams = true, string tenant = "t", int priority = 0) =>
        new(new Exchange(new DefaultHttpContext(), "", 0), number, BodyKind.Chat, "/v1/chat/completions", TimeSpan.Zero)
        {
            Caller = new Caller(new TenantSettings { Name = tenant, Keys = [] }, "key"),
            Body = default,
            Scanned = new ScannedBody { Stream = streams, Prompt = new ByteRange(0, 100) },
            Model = "m",
            PoolName = Pool,
            Class = priority == 0 ? null : new ServiceClass { Name = "less urgent", Priority = priority },
            AnswerId = "",
            CreatedUnixSeconds = 0,
            Seed = 1,
            KnownBody = body,
        };

    public static Attempt Start(this FleetState state, FleetRequest request, int replica, TimeSpan now) =>
        state.TryStart(request, new PlaceTerms([], Only: [replica]), "first", now).Attempt ?? throw new InvalidOperationException("no place");
}
