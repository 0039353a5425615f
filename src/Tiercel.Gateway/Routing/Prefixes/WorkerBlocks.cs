namespace Tiercel.Gateway.Routing;

/// <summary>
/// The token blocks that one worker holds, as its events tell: a step function that applies an event only where it follows the one before, and so
/// equals the worker's own set whenever its cursor equals the worker's.
/// </summary>
internal sealed class WorkerBlocks(int maxBlocks)
{
    private HashSet<ulong> _held = [];
    private HashSet<ulong>? _building;
    private readonly HashSet<int> _parts = [];
    private EventCursor _buildingAt;
    private int _lastPart;

    /// <summary>Up to where the events are applied.</summary>
    public EventCursor Cursor { get; private set; }

    public int Count => _held.Count;

    public bool Holds(ulong block) => _held.Contains(block);

    public EventOutcome Apply(WorkerEvent next)
    {
        if (next.Sequence < 0 || string.IsNullOrEmpty(next.Generation))
        {
            return EventOutcome.Invalid;
        }

        if (next is WorkerEvent.Snapshot snapshot)
        {
            return ApplyPart(snapshot);
        }

        if (next.Generation != Cursor.Generation)
        {
            // A worker that has just started begins with event 1 and nothing held; anything later needs a snapshot. A late event of a generation that
            // is over may do harm here, but only until the next heartbeat of the one that lives shows the gap.
            if (next.Sequence != 1)
            {
                return EventOutcome.Gap;
            }

            (_held, _building, Cursor) = ([], null, new EventCursor(next.Generation, 0));
        }

        if (next.Sequence <= Cursor.Sequence)
        {
            return EventOutcome.Stale;
        }

        if (next.Sequence != Cursor.Sequence + 1)
        {
            return EventOutcome.Gap;
        }

        return ApplyNext(next);
    }

    /// <summary>Length of the beginning of a chain that is held. Workers evict ends before beginnings, so halving finds it.</summary>
    public int HeldOf(ReadOnlySpan<ulong> chain)
    {
        int low = 0, high = chain.Length;
        if (high > 0 && _held.Contains(chain[high - 1]))
        {
            return high;
        }

        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_held.Contains(chain[middle]))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private EventOutcome ApplyNext(WorkerEvent next)
    {
        switch (next)
        {
            case WorkerEvent.Stored stored:
                if (_held.Count + (long)stored.Blocks.Length > maxBlocks)
                {
                    return EventOutcome.Invalid;
                }

                _held.UnionWith(stored.Blocks);
                break;
            case WorkerEvent.Removed removed:
                _held.ExceptWith(removed.Blocks);
                break;
            default:
                break;
        }

        Cursor = Cursor with { Sequence = next.Sequence };
        return EventOutcome.Applied;
    }

    private EventOutcome ApplyPart(WorkerEvent.Snapshot part)
    {
        EventCursor at = new(part.Generation, part.Sequence);
        if (part.Generation == Cursor.Generation && part.Sequence < Cursor.Sequence)
        {
            return EventOutcome.Stale;
        }

        if (_building is null || _buildingAt != at)
        {
            if (_building is not null && _buildingAt.Generation == at.Generation && _buildingAt.Sequence > at.Sequence)
            {
                return EventOutcome.Stale;
            }

            (_building, _buildingAt, _lastPart) = ([], at, -1);
            _parts.Clear();
        }

        if (part.Part < 0 || _building.Count + (long)part.Blocks.Length > maxBlocks)
        {
            _building = null;
            return EventOutcome.Invalid;
        }

        if (!_parts.Add(part.Part))
        {
            return EventOutcome.Stale;
        }

        _building.UnionWith(part.Blocks);
        _lastPart = part.Last ? part.Part : _lastPart;
        if (_lastPart >= 0 && _parts.Count == _lastPart + 1)
        {
            (_held, _building, Cursor) = (_building, null, at);
        }

        return EventOutcome.Applied;
    }
}
