namespace Tiercel.Simulation;

/// <summary>A clock that jumps from event to event. Events of one instant run in the order in which they were planned, so that a run can be repeated.</summary>
public sealed class VirtualTime
{
    private readonly PriorityQueue<Action, (long Ticks, long Order)> _events = new();
    private long _order;

    public TimeSpan Now { get; private set; }

    /// <summary>Events that have run.</summary>
    public long Steps { get; private set; }

    public int Pending => _events.Count;

    /// <summary>Plans an event; one that lies in the past runs next.</summary>
    public void At(TimeSpan when, Action action)
    {
        TimeSpan at = when > Now ? when : Now;
        _events.Enqueue(action, (at.Ticks, _order++));
    }

    public void After(TimeSpan delay, Action action) => At(Now + delay, action);

    /// <summary>Runs the next event, if there is one up to the end; else the clock stands at the end.</summary>
    public bool Step(TimeSpan end)
    {
        if (!_events.TryPeek(out _, out (long Ticks, long Order) key) || key.Ticks > end.Ticks)
        {
            Now = end > Now ? end : Now;
            return false;
        }

        Action action = _events.Dequeue();
        Now = TimeSpan.FromTicks(key.Ticks);
        Steps++;
        action();
        return true;
    }
}
