namespace Tiercel.Engine.Scheduling;

/// <summary>
/// Arrival time plus priority times the aging interval, in ticks, as a number of 128 bits: no priority and no interval can overflow it. It is not an <see cref="Int128"/>, because code that passes one, or an
/// object that holds one, is not compiled ahead of time: the whole scheduler would wait for the compiler when a program starts.
/// </summary>
/// <param name="High">The upper 64 bits, with the sign.</param>
/// <param name="Low">The lower 64 bits.</param>
internal readonly record struct Urgency(long High, ulong Low) : IComparable<Urgency>
{
    public static Urgency Of(TimeSpan arrival, int priority, TimeSpan agingInterval)
    {
        long high = Math.BigMul(priority, agingInterval.Ticks, out long product);
        ulong low = (ulong)product + (ulong)arrival.Ticks;
        long carry = low < (ulong)product ? 1 : 0;
        return new Urgency(high + (arrival.Ticks >> 63) + carry, low);
    }

    public int CompareTo(Urgency other) => High != other.High ? High.CompareTo(other.High) : Low.CompareTo(other.Low);
}
