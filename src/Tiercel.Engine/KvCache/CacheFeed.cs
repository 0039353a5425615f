using System.Threading.Channels;

namespace Tiercel.Engine.KvCache;

/// <summary>
/// Carries what happens to the prefix cache from the step thread to an observer. The step thread never waits: when the observer is too far behind, changes are
/// dropped until it has read what there is and gets a snapshot in their place.
/// </summary>
public sealed class CacheFeed
{
    /// <summary>Steps that may be waiting; one has at most a few hundred blocks.</summary>
    private const int Capacity = 256;

    private readonly Channel<CacheChange> _changes = Channel.CreateBounded<CacheChange>(
        new BoundedChannelOptions(Capacity) { SingleWriter = true, SingleReader = true });

    private readonly Action _wake;
    private int _state = (int)State.WantsSnapshot;

    internal CacheFeed(BlockHasher hashes, Action wake)
    {
        Hashes = hashes;
        _wake = wake;
    }

    private enum State
    {
        Following,

        /// <summary>Changes are being dropped; what is in the channel is whole.</summary>
        Lost,
        WantsSnapshot,
    }

    public BlockHasher Hashes { get; }

    /// <summary>How often the observer was too slow.</summary>
    public long Overflows { get; private set; }

    /// <summary>The step thread should post a snapshot.</summary>
    internal bool WantsSnapshot => Volatile.Read(ref _state) == (int)State.WantsSnapshot;

    /// <summary>The next change; the first one is a snapshot. Null when there will be none, since the engine has stopped or somebody else observes.</summary>
    public async ValueTask<CacheChange?> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_changes.Reader.TryRead(out CacheChange? change))
            {
                return change;
            }

            if (Interlocked.CompareExchange(ref _state, (int)State.WantsSnapshot, (int)State.Lost) == (int)State.Lost)
            {
                _wake();
            }

            if (!await _changes.Reader.WaitToReadAsync(cancellationToken))
            {
                return null;
            }
        }
    }

    /// <summary>Asks for all that is held, in the order of changes.</summary>
    public void RequestSnapshot()
    {
        Volatile.Write(ref _state, (int)State.WantsSnapshot);
        _wake();
    }

    /// <summary>Step thread: passes on what a step did.</summary>
    internal void Post(CacheChange change)
    {
        if (Volatile.Read(ref _state) == (int)State.Following && !_changes.Writer.TryWrite(change))
        {
            Overflows++;
            Interlocked.CompareExchange(ref _state, (int)State.Lost, (int)State.Following);
        }
    }

    /// <summary>Step thread: answers the request for a snapshot.</summary>
    internal void PostSnapshot(CacheChange snapshot)
    {
        Volatile.Write(ref _state, (int)State.Following);
        if (!_changes.Writer.TryWrite(snapshot))
        {
            Volatile.Write(ref _state, (int)State.Lost);
        }
    }

    internal void Complete() => _changes.Writer.TryComplete();
}
