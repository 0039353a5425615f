using Tiercel.Gateway.Fleet;
using Tiercel.Gateway.Routing;

namespace Tiercel.Gateway.Tests.Fleet;

/// <summary>The last places of a pool are kept from tenants that have had more than their share of it while others ask.</summary>
public sealed class KeptPlacesTests
{
    private static readonly TimeSpan Now = TimeSpan.FromSeconds(1);
    private long _number;

    [Fact]
    public void A_tenant_alone_has_all_places()
    {
        FleetState state = FleetStates.Of(null, "n", "n");
        Assert.Equal(16, Fill(state, "flood"));
        Assert.Equal(RouteOutcome.Busy, Start(state, "flood").Decision.Outcome);
    }

    [Fact]
    public void Of_sixteen_places_two_are_kept_for_who_asks_now_and_then()
    {
        FleetState state = FleetStates.Of(null, "n", "n");
        Assert.NotNull(Start(state, "calm").Replica);
        Assert.Equal(13, Fill(state, "flood"));
        Placement kept = Start(state, "flood");
        Assert.True(kept.Waits && kept.IsKept);

        // The others take them, and then there is nothing to keep.
        Assert.NotNull(Start(state, "calm").Replica);
        Assert.NotNull(Start(state, "calm").Replica);
        Assert.All(["calm", "flood"], tenant => Assert.Equal(RouteOutcome.Busy, Start(state, tenant).Decision.Outcome));
    }

    [Fact]
    public void Who_has_not_asked_for_a_while_has_nothing_kept()
    {
        FleetState state = FleetStates.Of(null, "n", "n");
        Assert.NotNull(Start(state, "calm").Replica);
        Assert.Equal(13, Fill(state, "flood"));
        TimeSpan later = Now + TimeSpan.FromMinutes(1);
        Assert.NotNull(state.TryStart(Request("flood"), PlaceTerms.First, "first", later).Attempt);
    }

    [Fact]
    public void Nothing_is_kept_from_what_is_more_urgent_than_what_the_others_ask_for()
    {
        FleetState state = FleetStates.Of(null, "n", "n");
        Assert.NotNull(state.TryStart(FleetStates.Request(++_number, tenant: "nightly", priority: 1), PlaceTerms.First, "first", Now).Attempt);
        Assert.Equal(15, Fill(state, "app"));
    }

    [Fact]
    public void What_was_accepted_before_has_its_place_whoever_asks()
    {
        FleetState state = FleetStates.Of(null, "n", "n");
        Assert.NotNull(Start(state, "calm").Replica);
        Fill(state, "flood");
        Assert.NotNull(state.TryStart(Request("flood"), PlaceTerms.First with { MustServe = true }, "resume", Now).Attempt);
    }

    [Fact]
    public void Where_there_are_less_than_four_places_none_is_kept()
    {
        FleetState state = FleetStates.Of(null, "n");
        state.Replicas[1].MaxSequences = 3;
        Assert.NotNull(Start(state, "calm").Replica);
        Assert.Equal(2, Fill(state, "flood"));
        Assert.Equal(RouteOutcome.Busy, Start(state, "flood").Decision.Outcome);
    }

    /// <summary>Starts requests of a tenant until one has to wait.</summary>
    private int Fill(FleetState state, string tenant)
    {
        for (int started = 0; ; started++)
        {
            if (Start(state, tenant).Replica is null)
            {
                return started;
            }
        }
    }

    private Placement Start(FleetState state, string tenant) => state.TryStart(Request(tenant), PlaceTerms.First, "first", Now).Placement;

    private FleetRequest Request(string tenant) => FleetStates.Request(++_number, tenant: tenant);
}
