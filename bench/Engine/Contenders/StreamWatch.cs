namespace Tiercel.Bench.Engine.Contenders;

/// <summary>Tells when all streams of a measurement have begun, and when each has made so many tokens since then.</summary>
internal sealed class StreamWatch(int streams, int wanted)
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private readonly int[] _tokens = new int[streams];
    private int[]? _atBegin;

    public Task Done => _done.Task;

    public void Count(int stream, int tokens)
    {
        lock (_lock)
        {
            _tokens[stream] += tokens;
            if (_atBegin is null && _tokens.All(count => count > 0))
            {
                _atBegin = [.. _tokens];
            }

            if (_atBegin is not null && _tokens.Zip(_atBegin, (now, begin) => now - begin).All(made => made >= wanted))
            {
                _done.TrySetResult();
            }
        }
    }

    /// <summary>A stream has ended, so that nothing more is to be waited for.</summary>
    public void End() => _done.TrySetResult();
}
