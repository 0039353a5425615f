namespace Tiercel.Gateway.Admission;

/// <summary>How many things happened per second of late: counts that fade with a time constant.</summary>
internal struct DrainRate(TimeSpan memory)
{
    private double _count;
    private TimeSpan _at;
    private TimeSpan? _since;

    public void Add(double amount, TimeSpan now)
    {
        Fade(now);
        _since ??= now;
        _count += amount;
    }

    /// <summary>Per second; 0 when nothing happened.</summary>
    public double PerSecond(TimeSpan now)
    {
        Fade(now);
        if (_since is not TimeSpan since)
        {
            return 0;
        }

        // In the beginning less has been seen than the memory holds; at least a tenth of it, so that one event is no rate.
        double age = Math.Max((now - since) / memory, 0.1);
        return _count / memory.TotalSeconds / (1 - Math.Exp(-age));
    }

    private void Fade(TimeSpan now)
    {
        if (now > _at)
        {
            _count *= Math.Exp(-((now - _at) / memory));
            _at = now;
        }
    }
}
