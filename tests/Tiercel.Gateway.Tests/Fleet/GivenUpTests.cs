using Tiercel.Gateway.Fleet;
using Tiercel.Gateway.Health;
using Tiercel.Gateway.Routing;

namespace Tiercel.Gateway.Tests.Fleet;

/// <summary>What is learnt of a replica whose first tokens come so late that nobody waits for them: clients leave, or a hedge answers.</summary>
public sealed class GivenUpTests
{
    private const int Slow = 1;
    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(2);
    private readonly FleetState _state = FleetStates.Of(null, "n", "n", "n");
    private TimeSpan _now = TimeSpan.FromSeconds(1);
    private long _number;

    [Theory]
    [InlineData(true, 8, true)]
    [InlineData(true, 7, false)]
    [InlineData(false, 8, false)]
    public void A_replica_that_is_late_each_time_is_ejected_and_one_that_was_not_late_is_not(bool late, int times, bool ejected)
    {
        for (int i = 0; i < times; i++)
        {
            GiveUp(late ? Late : TimeSpan.Zero);
            Answer(2);
            Answer(3);
        }

        Advance();
        Assert.Equal(ejected ? ReplicaState.Ejected : ReplicaState.Ok, _state.Health.Of(Slow, _now).State);
        Assert.All([2, 3], other => Assert.Equal(ReplicaState.Ok, _state.Health.Of(other, _now).State));
    }

    [Fact]
    public void An_answer_as_a_whole_says_nothing_of_first_tokens()
    {
        for (int i = 0; i < 8; i++)
        {
            GiveUp(Late, streams: false);
            Answer(2);
            Answer(3);
        }

        Advance();
        Assert.Equal(ReplicaState.Ok, _state.Health.Of(Slow, _now).State);
    }

    [Fact]
    public void The_router_expects_of_it_what_was_waited_at_least()
    {
        Answer(Slow);
        Answer(2);
        TimeSpan before = Predicted(Slow);
        for (int i = 0; i < 5; i++)
        {
            GiveUp(Late);
        }

        Assert.True(Predicted(Slow) > 2 * before, $"{before} became {Predicted(Slow)}");
        TimeSpan after = Predicted(Slow);
        GiveUp(TimeSpan.Zero);
        Assert.Equal(after, Predicted(Slow));
        Assert.Equal(before, Predicted(2));
    }

    private void GiveUp(TimeSpan after, bool streams = true)
    {
        Attempt attempt = _state.Start(FleetStates.Request(++_number, streams: streams), Slow, _now);
        attempt.Lose();
        _state.End(attempt, AttemptOutcome.Cancelled, body: null, _now + after);
    }

    private void Answer(int replica)
    {
        Attempt attempt = _state.Start(FleetStates.Request(++_number), replica, _now);
        _state.FirstToken(attempt, _now + Quick);
        _state.End(attempt, AttemptOutcome.Success, body: null, _now + Quick);
    }

    private TimeSpan Predicted(int replica)
    {
        RouteDecision decision = _state.Place(FleetStates.Request(++_number), new PlaceTerms([], Only: [replica]), _now).Decision;
        Assert.Equal(RouteOutcome.Chosen, decision.Outcome);
        return decision.PredictedTtft;
    }

    /// <summary>Until slow ones are next looked for; the workers live.</summary>
    private void Advance()
    {
        _now += TimeSpan.FromSeconds(10);
        for (int id = 1; id <= 3; id++)
        {
            _state.Health.Heartbeat(id, new WorkerHeartbeat("g1", ++_number, 0, Draining: false), _now);
        }

        _state.Health.Advance(_now);
    }
}
