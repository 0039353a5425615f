namespace Tiercel.Gateway.Admission;

/// <summary>Bounds the bytes of answers that are held whole, over all requests: many answers, each within its limit, must not fill the machine.</summary>
internal sealed class AnswerBudget(long capacityBytes)
{
    /// <summary>Answers up to it are not counted: the number of connections bounds them, and nearly all are such.</summary>
    public const long SmallBytes = 64 * 1024;

    private long _capacity = capacityBytes;
    private long _used;

    /// <summary>Most bytes at one time. What is held already stays when it gets less.</summary>
    public long CapacityBytes
    {
        get => Interlocked.Read(ref _capacity);
        set => Interlocked.Exchange(ref _capacity, value);
    }

    public long Used => Interlocked.Read(ref _used);

    /// <summary>An answer has grown.</summary>
    /// <param name="bytes">All that is held of it.</param>
    /// <param name="counted">What is counted of it; moved on.</param>
    /// <returns>Whether there is room.</returns>
    public bool TryHold(long bytes, ref long counted)
    {
        long more = bytes - counted;
        if (bytes <= SmallBytes || more <= 0)
        {
            return true;
        }

        if (Interlocked.Add(ref _used, more) > CapacityBytes)
        {
            Interlocked.Add(ref _used, -more);
            return false;
        }

        counted = bytes;
        return true;
    }

    /// <summary>An answer is held no more.</summary>
    public void Return(long counted) => Interlocked.Add(ref _used, -counted);
}
