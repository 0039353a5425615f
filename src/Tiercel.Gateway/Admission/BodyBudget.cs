using System.Buffers;

namespace Tiercel.Gateway.Admission;

/// <summary>
/// Lends the buffers of request bodies and bounds their bytes over all requests: many bodies, each within its limit, must not fill the machine. Large ones
/// are kept here, a few and no larger than needed: the framework's pool rounds up to powers of two and keeps whatever was once used at the same time.
/// </summary>
internal sealed class BodyBudget(long capacityBytes)
{
    /// <summary>Buffers beyond are kept here, others in the framework's pool.</summary>
    private const int LargeBytes = 64 * 1024;

    /// <summary>All buffers that are kept while nobody uses them.</summary>
    private const int MaxKeptBytes = 16 << 20;

    private readonly Lock _lock = new();
    private readonly List<byte[]> _kept = [];
    private long _capacity = capacityBytes;
    private long _used;
    private long _keptBytes;
    private long _lent;

    /// <summary>Most bytes that are lent at one time. What is lent already stays when it gets less.</summary>
    public long CapacityBytes
    {
        get => Interlocked.Read(ref _capacity);
        set => Interlocked.Exchange(ref _capacity, value);
    }

    public long Used => Interlocked.Read(ref _used);

    /// <summary>Bytes of all large buffers ever lent.</summary>
    public long Lent => Interlocked.Read(ref _lent);

    /// <summary>Bytes of buffers that are kept while nobody uses them.</summary>
    public long Kept => Interlocked.Read(ref _keptBytes);

    /// <summary>A buffer of at least so many bytes, or null when the budget is used up.</summary>
    public byte[]? TryRent(int bytes)
    {
        byte[] buffer = bytes <= LargeBytes ? ArrayPool<byte>.Shared.Rent(bytes) : Large(bytes);
        if (Interlocked.Add(ref _used, buffer.Length) <= CapacityBytes)
        {
            return buffer;
        }

        Return(buffer);
        return null;
    }

    /// <summary>Takes a buffer back, once.</summary>
    public void Return(byte[] buffer)
    {
        Interlocked.Add(ref _used, -buffer.Length);
        if (buffer.Length <= LargeBytes)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            return;
        }

        lock (_lock)
        {
            if (_keptBytes + buffer.Length <= MaxKeptBytes)
            {
                _keptBytes += buffer.Length;
                _kept.Add(buffer);
            }
        }
    }

    /// <summary>Keeps nothing any more of what is not in use.</summary>
    public void Drop()
    {
        lock (_lock)
        {
            _kept.Clear();
            _keptBytes = 0;
        }
    }

    private byte[] Large(int bytes)
    {
        Interlocked.Add(ref _lent, bytes);
        lock (_lock)
        {
            // The last one that came back is the one that is still in the processor's cache.
            for (int i = _kept.Count - 1; i >= 0; i--)
            {
                byte[] buffer = _kept[i];
                if (buffer.Length >= bytes && buffer.Length / 2 <= bytes)
                {
                    _kept[i] = _kept[^1];
                    _kept.RemoveAt(_kept.Count - 1);
                    _keptBytes -= buffer.Length;
                    return buffer;
                }
            }
        }

        return GC.AllocateUninitializedArray<byte>((int)Math.Min(Array.MaxLength, (bytes + (long)LargeBytes - 1) / LargeBytes * LargeBytes));
    }
}
