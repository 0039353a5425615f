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
        UpstreamSettings[] upstreams = [.. numerics.Select((_, index) => new UpstreamSettings
        {
            Name = $"w{index + 1}",
            Kind = UpstreamKind.Tiercel,
            Url = new Uri($"http://10.0.0.{index + 1}:8081"),
            MaxConcurrency = 8,
        })];
        FleetConfiguration configuration = new()
        {
            Version = "test",
            Pools = new Dictionary<string, PoolSettings> { [Pool] = (pool ?? new PoolSettings { Upstreams = [] }) with { Upstreams = upstreams } },
            Routes = new Dictionary<string, RouteSettings> { ["m"] = new(Pool) },
        };
        FleetState state = new(configuration, seed: 1);

        // Nothing is sent: decisions do not send.
        List<Replica> members = [.. upstreams.Select((upstream, index) => new Replica(index + 1, Pool, upstream, upstream: null!))];
        state.Configure(configuration, new Dictionary<string, List<Replica>> { [Pool] = members }, TimeSpan.Zero);
        foreach ((Replica member, string id) in members.Zip(numerics))
        {
            state.Describe(member, new ReplicaDescription(member.Id, member.Name, true) { NumericsId = id }, "g1", TimeSpan.Zero);
        }

        return state;
    }

    /// <param name="body">Fingerprint of its body where it is known already.</param>
    public static FleetRequest Request(long number, UInt128? body = null, bool streams = true) =>
        new(new Exchange(new DefaultHttpContext(), "", 0), number, BodyKind.Chat, "/v1/chat/completions", TimeSpan.Zero)
        {
            Caller = new Caller(new TenantSettings { Name = "t", Keys = [] }, "key"),
            Body = default,
            Scanned = new ScannedBody { Stream = streams, Prompt = new ByteRange(0, 100) },
            Model = "m",
            PoolName = Pool,
            AnswerId = "",
            CreatedUnixSeconds = 0,
            Seed = 1,
            KnownBody = body,
        };

    public static Attempt Start(this FleetState state, FleetRequest request, int replica, TimeSpan now) =>
        state.TryStart(request, new PlaceTerms([], Only: [replica]), "first", now).Attempt ?? throw new InvalidOperationException("no place");
}
