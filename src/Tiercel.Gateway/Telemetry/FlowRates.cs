namespace Tiercel.Gateway.Telemetry;

/// <summary>What flowed through a replica, or from a tenant, over the last minute. Safe to use from many threads.</summary>
internal sealed class FlowRates
{
    private const int Seconds = 60;
    private const int RateSeconds = 10;
    private readonly Lock _gate = new();
    private readonly Slot[] _slots = new Slot[Seconds];
    private readonly RollingQuantiles _firstToken = new();

    public void Request(TimeSpan now) => Add(now, new Slot { Requests = 1 });

    public void Output(long tokens, TimeSpan now) => Add(now, new Slot { Output = tokens });

    public void Input(long tokens, long cached, TimeSpan now) => Add(now, new Slot { Input = tokens, Cached = cached });

    public void FirstToken(TimeSpan after, TimeSpan now)
    {
        lock (_gate)
        {
            _firstToken.Add(after.TotalSeconds, now);
        }
    }

    public FlowView View(TimeSpan now)
    {
        lock (_gate)
        {
            long second = (long)now.TotalSeconds;
            Slot recent = Sum(second, RateSeconds);
            Slot minute = Sum(second, Seconds);
            return new FlowView(
                recent.Requests / (double)RateSeconds,
                recent.Input / (double)RateSeconds,
                recent.Output / (double)RateSeconds,
                minute.Input > 0 ? (double)minute.Cached / minute.Input : null,
                _firstToken.Quantile(0.5, now),
                _firstToken.Quantile(0.9, now));
        }
    }

    private void Add(TimeSpan now, Slot more)
    {
        lock (_gate)
        {
            long second = (long)now.TotalSeconds;
            ref Slot slot = ref _slots[second % Seconds];
            if (slot.Second != second)
            {
                slot = new Slot { Second = second };
            }

            slot.Requests += more.Requests;
            slot.Input += more.Input;
            slot.Cached += more.Cached;
            slot.Output += more.Output;
        }
    }

    /// <summary>The whole seconds before this one: the running one is not whole yet.</summary>
    private Slot Sum(long second, int length)
    {
        Slot sum = default;
        foreach (Slot slot in _slots)
        {
            if (slot.Second < second && slot.Second >= second - length)
            {
                sum.Requests += slot.Requests;
                sum.Input += slot.Input;
                sum.Cached += slot.Cached;
                sum.Output += slot.Output;
            }
        }

        return sum;
    }

    private struct Slot
    {
        public long Second;
        public long Requests;
        public long Input;
        public long Cached;
        public long Output;
    }
}
