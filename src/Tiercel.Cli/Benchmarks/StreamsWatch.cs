namespace Tiercel.Cli.Benchmarks;

/// <summary>Counts the tokens of many streams while all of them run: from the moment when the last has its first token until each has made those that are wanted.</summary>
internal sealed class StreamsWatch(int streams, int wanted, TimeProvider time)
{
    private readonly TaskCompletionSource<double> _rate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly bool[] _begun = new bool[streams];
    private readonly int[] _made = new int[streams];
    private readonly Lock _lock = new();
    private int _beginners;
    private int _finishers;
    private long _total;
    private long _from;

    /// <summary>Tokens of all streams a second; set when each stream has made those that are wanted.</summary>
    public Task<double> Rate => _rate.Task;

    /// <summary>Tokens of a stream have arrived.</summary>
    public void Arrived(int stream, int tokens)
    {
        lock (_lock)
        {
            if (_beginners < streams)
            {
                if (!_begun[stream])
                {
                    _begun[stream] = true;
                    _beginners++;
                    _from = time.GetTimestamp();
                }

                return;
            }

            bool had = _made[stream] >= wanted;
            _made[stream] += tokens;
            _total += tokens;
            if (!had && _made[stream] >= wanted && ++_finishers == streams)
            {
                _rate.TrySetResult(_total / time.GetElapsedTime(_from).TotalSeconds);
            }
        }
    }

    /// <summary>A stream ended. Before all have made their tokens the measurement is worth nothing.</summary>
    public void Ended(Exception reason) => _rate.TrySetException(reason);
}
