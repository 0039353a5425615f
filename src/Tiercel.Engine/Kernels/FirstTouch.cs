using System.Runtime.CompilerServices;

namespace Tiercel.Engine.Kernels;

/// <summary>
/// Touches fresh memory for the first time, a large page at a time, and asks for small pages instead when that is slow. A large page is ready in a tenth of a millisecond, its small ones in six. But in a
/// virtual machine whose host has taken free memory back, each of its 512 parts is fetched from the host: five milliseconds, while small pages mostly come from remnants that the host has left alone.
/// </summary>
internal sealed unsafe class FirstTouch
{
    /// <summary>Processor time of a touch that is slow, in nanoseconds.</summary>
    public const long SlowNanoseconds = 1_500_000;

    /// <summary>Slow touches after which small pages are asked for: one or two may be a thread whose processor was taken away.</summary>
    public const int Patience = 3;

    private readonly byte* _memory;
    private readonly long _bytes;
    private readonly Func<long> _threadTime;
    private readonly Action<bool> _wish;
    private int _slow;

    /// <param name="memory">Fresh memory from <see cref="LargePages"/>.</param>
    public FirstTouch(byte* memory, long bytes)
        : this(memory, bytes, LargePages.ThreadNanoseconds, large => LargePages.Wish(memory, (nuint)bytes, large))
    {
    }

    /// <param name="threadTime">Processor time of the calling thread in nanoseconds.</param>
    /// <param name="wish">Asks for large pages, or small ones, in all of the memory.</param>
    internal FirstTouch(byte* memory, long bytes, Func<long> threadTime, Action<bool> wish)
    {
        _memory = memory;
        _bytes = bytes;
        _threadTime = threadTime;
        _wish = wish;
    }

    /// <summary>Touches the large page that begins so many bytes from the start, without changing what is there. Safe for many threads.</summary>
    public void Touch(long offset)
    {
        if (offset + LargePages.PageBytes > _bytes || Volatile.Read(ref _slow) >= Patience)
        {
            return;
        }

        long before = _threadTime();
        Interlocked.Or(ref Unsafe.AsRef<int>(_memory + offset), 0);
        if (_threadTime() - before >= SlowNanoseconds && Interlocked.Increment(ref _slow) == Patience)
        {
            _wish(false);
        }
    }

    /// <summary>All of the memory has been written: the system may join small pages when it has time.</summary>
    public void End()
    {
        if (_slow >= Patience)
        {
            _wish(true);
        }
    }
}
