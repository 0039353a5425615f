using Tiercel.Gateway.Fleet;
using Tiercel.Gateway.Health;

namespace Tiercel.Simulation.Chaos;

/// <summary>A second attempt beside one whose first token is late, as the real gateway's hedged attempt makes it.</summary>
internal sealed partial class SimulatedGateway
{
    private long _hedges;

    /// <summary>Two running requests never share a number, and the second attempt has one of its own.</summary>
    private const long FirstHedgeNumber = 1L << 32;

    private void WaitForFirstToken(GatewayAttempt first)
    {
        if (_state.LateAfter(first.Counted, _time.Now) is TimeSpan late)
        {
            first.Stream.Undecided = true;
            _time.After(late, () => Hedge(first));
        }
    }

    /// <summary>The first token is late.</summary>
    private void Hedge(GatewayAttempt first)
    {
        GatewayStream stream = first.Stream;
        if (_options.Defect == Defect.HedgesTheAnswered && !first.Ended && !stream.Undecided)
        {
            Ask(first, free: true);
        }
        else if (!first.Ended && stream.Undecided && (_queue.Count == 0 || _options.Defect == Defect.HedgesBesideTheQueue))
        {
            Ask(first, _options.Defect is Defect.HedgesWithoutHeadroom or Defect.HedgesWithoutBudget or Defect.HedgesSuspects or Defect.HedgesBesideTheQueue);
            if (_options.Defect == Defect.HedgesTwice)
            {
                Ask(first, free: true);
            }
        }
        else if (!first.Ended && stream.Undecided)
        {
            _tally.Count("no hedge: others wait");
        }
    }

    /// <param name="free">A planted bug: what the fleet's state would refuse is done all the same.</param>
    private void Ask(GatewayAttempt first, bool free)
    {
        GatewayStream stream = first.Stream;
        SeeDeaths();
        bool blamed = _watch.IsBlamed(stream.Request);
        bool headroom = _watch.HasHeadroom();
        long refused = _state.Retries.Refused;
        long number = FirstHedgeNumber + ++_hedges;
        Attempt? second = _state.TryHedge(first.Counted, number, _time.Now);
        if (second is null && Pretends(free, blamed, headroom, _state.Retries.Refused > refused))
        {
            Placement placement = _state.Place(stream.Fleet, new PlaceTerms([first.Replica.Id], MustServe: true), _time.Now, number);
            second = placement.Replica is null ? null : _state.Begin(stream.Fleet, placement.Replica, placement.Decision, "hedge", _time.Now, number: number);
        }

        if (second is null)
        {
            _tally.Count("no hedge: " + (blamed ? "was at a death" : !headroom ? "no headroom" : _state.Retries.Refused > refused ? "the retry budget is used up" : "nowhere"));
            return;
        }

        SeeDeaths();
        _watch.Hedged(first);
        Send(stream, second, alone: false, hedge: true);
    }

    private bool Pretends(bool free, bool blamed, bool headroom, bool overBudget) => free && _options.Defect switch
    {
        Defect.HedgesWithoutHeadroom => !headroom,
        Defect.HedgesWithoutBudget => overBudget,
        Defect.HedgesSuspects => blamed,
        Defect.HedgesBesideTheQueue => _queue.Count > 0,
        _ => true,
    };

    /// <summary>Keeps what comes before the first token. With the token the request is this attempt's: the other is cancelled, and what was kept goes on.</summary>
    /// <returns>Whether that is all for the event.</returns>
    private bool Holds(GatewayAttempt attempt, WireEvent message)
    {
        if (message is WireEvent.Head or WireEvent.Role or WireEvent.Usage)
        {
            attempt.Held.Add(message);
            return true;
        }

        if (message is not WireEvent.Content)
        {
            // It fails without having had the request: of its head and roles nobody learns.
            return false;
        }

        GatewayStream stream = attempt.Stream;
        stream.Undecided = _options.Defect == Defect.LetsBothAnswer && stream.Attempts.Count > 1;
        if (stream.Attempts.Count > 1)
        {
            _tally.Count(attempt.IsHedge ? "won by the second" : "won by the first");
        }

        foreach (GatewayAttempt loser in stream.Attempts.Where(other => other != attempt && !stream.Undecided).ToArray())
        {
            Cancel(loser, loses: true, answered: true);
        }

        if (_options.Defect != Defect.ForgetsWhoAnswered)
        {
            FleetState.Adopt(attempt.Counted);
        }

        foreach (WireEvent held in attempt.Held)
        {
            Take(attempt, held);
        }

        attempt.Held.Clear();
        return false;
    }

    /// <summary>Its client left, or another attempt has answered.</summary>
    private void Cancel(GatewayAttempt attempt, bool loses, bool answered)
    {
        if (loses)
        {
            _watch.Lost(attempt);
            if (_options.Defect != Defect.BillsTheLoser)
            {
                attempt.Counted.Lose(answered);
            }
        }

        if (loses && answered && _options.Defect == Defect.BillsBothAnswers)
        {
            _watch.Billed(attempt.Stream, 0, 0);
        }

        Connection connection = attempt.Connection!;
        EndAttempt(attempt, AttemptOutcome.Cancelled, forgotten: answered && _options.Defect == Defect.ForgetsTheLoser);
        _watch.Cancelled(attempt.Replica, connection);
    }
}
