using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Fleet;
using Tiercel.Gateway.Health;
using Tiercel.Gateway.Tests.Fakes;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Tests.Fleet;

/// <summary>Whose turn it is in front of a pool that is full, or full but for the places that are kept.</summary>
public sealed class WaitingRoomTests
{
    private readonly FleetServices _services;
    private readonly List<Attempt> _running = [];
    private long _number;

    public WaitingRoomTests()
    {
        // Two workers with eight places each, of which two are kept. The room neither measures nor logs.
        FleetOptions options = new() { Configuration = ConfigurationSource.Of(FleetStates.Configuration(null, workers: 2)), Seed = 1 };
        _services = new FleetServices(options, new ManualTime(), telemetry: null!, log: null!);
        FleetStates.Staff(_services.State, "n", "n");
    }

    [Fact]
    public async Task A_flood_waits_for_the_places_that_are_kept_and_others_go_past_it()
    {
        await RunAsync("calm");
        for (int i = 0; i < 13; i++)
        {
            await RunAsync("flood");
        }

        Task<Attempt> first = StartAsync("flood");
        Task<Attempt> second = StartAsync("flood");
        Assert.Equal(2, _services.Waiting.Count);
        await RunAsync("calm");
        await RunAsync("calm");
        Assert.Equal(16, _services.State.Running);

        // No place is free at all: now the others wait too, and have the next one.
        Task<Attempt> calm = StartAsync("calm");
        Assert.Equal(3, _services.Waiting.Count);
        End(1);
        Assert.Equal("calm", (await calm).Request.Caller.Tenant.Name);
        Assert.Equal(2, _services.Waiting.CountOfTenant("flood"));

        // Three places become free: what is more than the two that are kept is the flood's.
        End(3);
        await first;
        Assert.Equal(1, _services.Waiting.CountOfTenant("flood"));
        End(1);
        await second;
        Assert.Equal((0, 14), (_services.Waiting.Count, _services.State.Running));
    }

    [Fact]
    public async Task A_flood_alone_waits_for_nothing_but_a_place()
    {
        for (int i = 0; i < 16; i++)
        {
            await RunAsync("flood");
        }

        Task<Attempt> next = StartAsync("flood");
        Assert.Equal(1, _services.Waiting.Count);
        End(1);
        await next;
        Assert.Equal(16, _services.State.Running);
    }

    private async Task RunAsync(string tenant) => _running.Add(await StartAsync(tenant));

    private async Task<Attempt> StartAsync(string tenant)
    {
        (Attempt? attempt, ApiError? error) = await _services.Waiting.StartAsync(FleetStates.Request(++_number, tenant: tenant), PlaceTerms.First, "first").AsTask().WaitAsync(TestGateway.Watchdog);
        Assert.Null(error);
        return attempt!;
    }

    /// <summary>Ends some of those that run, and gives their places away.</summary>
    private void End(int attempts)
    {
        for (int i = 0; i < attempts; i++)
        {
            _services.State.End(_running[^1], AttemptOutcome.Success, body: null, _services.Clock.Now);
            _running.RemoveAt(_running.Count - 1);
        }

        _services.Waiting.Pump();
    }
}
