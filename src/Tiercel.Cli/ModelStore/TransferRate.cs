namespace Tiercel.Cli.ModelStore;

/// <summary>Bytes per second over the last ten samples, taken at least a fifth of a second apart.</summary>
internal sealed class TransferRate(TimeProvider time)
{
    private const int MaxSamples = 10;

    private static readonly TimeSpan Spacing = TimeSpan.FromMilliseconds(200);

    private readonly Queue<(long Timestamp, long Bytes)> _samples = new();
    private (long Timestamp, long Bytes) _newest;

    public double BytesPerSecond { get; private set; }

    /// <param name="bytes">Fetched so far.</param>
    /// <returns>Whether a sample was taken.</returns>
    public bool Add(long bytes)
    {
        long now = time.GetTimestamp();
        if (_samples.Count > 0 && time.GetElapsedTime(_newest.Timestamp, now) < Spacing)
        {
            return false;
        }

        // After a restart there are fewer bytes than before, and the samples from before say nothing any more.
        if (bytes < _newest.Bytes)
        {
            _samples.Clear();
        }

        _newest = (now, bytes);
        _samples.Enqueue(_newest);
        if (_samples.Count > MaxSamples)
        {
            _samples.Dequeue();
        }

        (long Timestamp, long Bytes) oldest = _samples.Peek();
        double seconds = time.GetElapsedTime(oldest.Timestamp, now).TotalSeconds;
        BytesPerSecond = seconds > 0 ? (bytes - oldest.Bytes) / seconds : 0;
        return true;
    }

    /// <summary>Time for the bytes that are left, at the present rate.</summary>
    public TimeSpan? For(long bytes) => BytesPerSecond >= 1 ? TimeSpan.FromSeconds(Math.Min(bytes / BytesPerSecond, TimeSpan.MaxValue.TotalSeconds / 2)) : null;
}
