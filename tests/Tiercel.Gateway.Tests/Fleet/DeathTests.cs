using Tiercel.Gateway.Fleet;
using Tiercel.Gateway.Health;
using Tiercel.Gateway.Recovery;

namespace Tiercel.Gateway.Tests.Fleet;

/// <summary>Whom a worker's death counts against, in whatever order its streams break, and where a suspect goes.</summary>
public sealed class DeathTests
{
    private static readonly TimeSpan Start = TimeSpan.FromSeconds(1);

    /// <summary>Three streams are on a worker that dies; each breaks before or after the death is told, and counts once.</summary>
    [Theory]
    [InlineData("death, 1, 2, 3", false)]
    [InlineData("1, 2, 3, death", false)]
    [InlineData("2, death, 3, 1", false)]
    [InlineData("3, 1, death, 2", false)]
    [InlineData("death, 1, 2, 3", true)]
    [InlineData("2, death, 3, 1", true)]
    public void A_death_counts_once_against_all_that_were_there_in_whatever_order_their_streams_break(string order, bool known)
    {
        FleetState state = FleetStates.Of(null, "n", "n");
        for (int death = 1; death <= 2; death++)
        {
            Replica worker = state.Replicas[death];
            Attempt[] streams = [.. Enumerable.Range(1, 3).Select(one => state.Start(FleetStates.Request((10 * death) + one, known ? (UInt128)one : null), death, Start))];
            Attempt bystander = state.Start(FleetStates.Request(99 + death, 99), 3 - death, Start);
            foreach (string what in order.Split(", "))
            {
                if (what == "death")
                {
                    state.Died(worker, "g1", Start);
                    state.Died(worker, "g1", Start);
                }
                else
                {
                    int one = int.Parse(what, System.Globalization.CultureInfo.InvariantCulture);
                    state.End(streams[one - 1], AttemptOutcome.Reset, (UInt128)one, Start);
                }
            }

            state.End(bystander, AttemptOutcome.Success, null, Start);
            Assert.Equal(death, state.Poison.Deaths);
            PoisonVerdict expected = death == 1 ? PoisonVerdict.Free : PoisonVerdict.Alone;
            Assert.All(Enumerable.Range(1, 3), one => Assert.Equal(expected, state.Poison.Judge((UInt128)one, Start)));
            Assert.Equal(PoisonVerdict.Free, state.Poison.Judge(99, Start));
        }

        Assert.Equal(0, state.Running);
    }

    [Fact]
    public void A_stream_that_breaks_late_is_not_counted_again_when_the_next_process_dies()
    {
        FleetState state = FleetStates.Of(null, "n");
        Replica worker = state.Replicas[1];
        Attempt stream = state.Start(FleetStates.Request(1), 1, Start);
        state.Describe(worker, worker.Description, "g2", Start + TimeSpan.FromSeconds(1));
        state.End(stream, AttemptOutcome.Reset, 7, Start + TimeSpan.FromSeconds(2));
        state.Died(worker, "g2", Start + TimeSpan.FromSeconds(3));
        Assert.Equal(PoisonVerdict.Free, state.Poison.Judge(7, Start + TimeSpan.FromSeconds(3)));
    }

    [Fact]
    public void Who_was_heard_after_the_death_was_on_the_next_process_and_counts_with_that()
    {
        FleetState state = FleetStates.Of(null, "n", "n");
        Kill(state, 2, 7);
        Replica worker = state.Replicas[1];
        Attempt stream = state.Start(FleetStates.Request(1), 1, Start);

        // The worker was restarted before its gateway knew, and the stream runs on the new process.
        state.Describe(worker, worker.Description, "g2", Start);
        stream.LastProgress = Start + TimeSpan.FromSeconds(1);
        state.End(stream, AttemptOutcome.Reset, 7, Start + TimeSpan.FromSeconds(2));
        Assert.Equal(PoisonVerdict.Free, state.Poison.Judge(7, Start + TimeSpan.FromSeconds(2)));
        state.Died(worker, "g2", Start + TimeSpan.FromSeconds(3));
        Assert.Equal(PoisonVerdict.Alone, state.Poison.Judge(7, Start + TimeSpan.FromSeconds(3)));
    }

    [Fact]
    public void A_suspect_that_goes_on_in_mid_stream_is_tried_alone_where_it_can_go_on()
    {
        FleetState state = FleetStates.Of(null, "n", "n", "other", "n");
        Kill(state, 1, 7);
        Kill(state, 2, 7);
        FleetRequest suspect = FleetStates.Request(70, 7);
        PlaceTerms resume = new([], Only: [3, 4], NumericsId: "n", MustServe: true);
        Attempt other = state.Start(FleetStates.Request(71, 8), 4, Start);

        // Worker 3 is idle, but computes otherwise: it waits for worker 4.
        Assert.Null(state.TryStartAlone(suspect, 7, resume, "ResumeExactly", Start));
        Assert.True(state.Poison.IsReserved(4));
        Assert.Null(state.TryStart(FleetStates.Request(72, 9), new PlaceTerms([], Only: [4]), "first", Start).Attempt);
        state.End(other, AttemptOutcome.Success, null, Start);
        Attempt alone = state.TryStartAlone(suspect, 7, resume, "ResumeExactly", Start)!;
        Assert.Equal(4, alone.Replica.Id);
        Assert.True(alone.IsTrial);
        Assert.Equal(1, state.Pools[FleetStates.Pool].Router.Load(4).Requests);
        state.End(alone, AttemptOutcome.Success, null, Start);
        Assert.Equal(PoisonVerdict.Free, state.Poison.Judge(7, Start));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_suspect_whose_worker_dies_too_is_refused_and_the_innocents_are_not(bool noticesBefore)
    {
        FleetState state = FleetStates.Of(null, "n", "n", "n");
        Kill(state, 1, 7, 8);
        Kill(state, 2, 7, 9);
        Attempt alone = state.TryStartAlone(FleetStates.Request(70, 7), 7, PlaceTerms.First, "first", Start)!;
        Attempt beside = state.Start(FleetStates.Request(80, 8), alone.Replica.Id == 3 ? 1 : 3, Start);
        if (noticesBefore)
        {
            state.End(alone, AttemptOutcome.Reset, 7, Start);
            Assert.True(state.Poison.IsReserved(alone.Replica.Id));
        }

        state.Died(alone.Replica, alone.Replica.Generation!, Start + TimeSpan.FromSeconds(2));
        if (!noticesBefore)
        {
            state.End(alone, AttemptOutcome.Timeout, 7, Start + TimeSpan.FromSeconds(2));
        }

        state.End(beside, AttemptOutcome.Success, null, Start);
        Assert.Equal(PoisonVerdict.Quarantined, state.Poison.Judge(7, Start + TimeSpan.FromSeconds(2)));
        Assert.Equal(PoisonVerdict.Free, state.Poison.Judge(8, Start + TimeSpan.FromSeconds(2)));
        Assert.Equal(PoisonVerdict.Free, state.Poison.Judge(9, Start + TimeSpan.FromSeconds(2)));
        Assert.False(state.Poison.IsReserved(alone.Replica.Id));
    }

    [Fact]
    public void A_connection_that_breaks_while_the_worker_lives_convicts_nobody()
    {
        FleetState state = FleetStates.Of(null, "n", "n", "n");
        Kill(state, 1, 7);
        Kill(state, 2, 7);
        FleetRequest suspect = FleetStates.Request(70, 7);
        Attempt alone = state.TryStartAlone(suspect, 7, PlaceTerms.First, "first", Start)!;
        state.End(alone, AttemptOutcome.Reset, 7, Start);

        // It is kept free for the news of its death; then the suspect may be tried again.
        Assert.Null(state.TryStartAlone(suspect, 7, PlaceTerms.First, "retry", Start + TimeSpan.FromSeconds(1)));
        TimeSpan later = Start + PoisonBook.DeathNews;
        Assert.Equal(PoisonVerdict.Alone, state.Poison.Judge(7, later));
        Assert.NotNull(state.TryStartAlone(suspect, 7, PlaceTerms.First, "retry", later));
    }

    /// <summary>A worker dies with these requests on it, and stands again at once.</summary>
    private static void Kill(FleetState state, int worker, params UInt128[] bodies)
    {
        Replica replica = state.Replicas[worker];
        Attempt[] attempts = [.. bodies.Select((body, index) => state.Start(FleetStates.Request((1000 * worker) + index, body), worker, Start))];
        state.Describe(replica, replica.Description, "g-after", Start);
        foreach ((Attempt attempt, UInt128 body) in attempts.Zip(bodies))
        {
            state.End(attempt, AttemptOutcome.Reset, body, Start);
        }
    }
}
