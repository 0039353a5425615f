namespace Tiercel.Gateway.Admission;

/// <summary>
/// Requests of one priority. Tenants take turns by deficit round robin, counted instead of walked: a round pays every tenant its weight in tokens, a
/// tenant has a turn once it owes nothing, and a request of c tokens then puts it c / weight rounds into debt. Ordering the tenants by the round of their
/// next turn finds it in O(log n), however large requests are and however small weights. (With rounds of one token this is start-time fair queuing;
/// Goyal, Vin, Cheng, 1996.) A tenant that has waited for nothing has saved nothing; one that has debts keeps them while others wait.
/// </summary>
internal sealed class QueueBand(int priority)
{
    /// <summary>Tenants that wait for nothing but still owe, at most; past it all such debts are forgiven.</summary>
    private const int MaxDebtors = 1024;

    private readonly Dictionary<string, QueueLane> _lanes = new(StringComparer.Ordinal);
    private readonly SortedSet<QueueLane> _turns = new(Comparer<QueueLane>.Create(ByTurn));
    private readonly SortedSet<QueueLane> _shares = new(Comparer<QueueLane>.Create(ByShare));
    private double _round;
    private int _sweepAt = 64;

    public int Priority { get; } = priority;

    public int Count { get; private set; }

    public long Bytes { get; private set; }

    public int RememberedTenants => _lanes.Count;

    /// <summary>Tenants that wait, the next turn first.</summary>
    public SortedSet<QueueLane> Turns => _turns;

    /// <summary>Tenant that holds most of the queue by its weight.</summary>
    public QueueLane? Largest => _shares.Max;

    public QueueLane? Find(string tenant) => _lanes.GetValueOrDefault(tenant);

    public void Add(QueueEntry entry, Func<int, long, double> share)
    {
        if (!_lanes.TryGetValue(entry.Tenant, out QueueLane? lane))
        {
            lane = new QueueLane(this, entry.Tenant);
            _lanes.Add(entry.Tenant, lane);
        }

        if (lane.Count > 0)
        {
            _shares.Remove(lane);
        }

        lane.Weight = entry.Weight;
        if (lane.Count == 0)
        {
            lane.Round = Math.Max(lane.Round, _round);
            lane.Order = entry.Sequence;
            _turns.Add(lane);
        }

        lane.Add(entry);
        Rank(lane, share);
        Count++;
        Bytes += entry.Bytes;
    }

    /// <summary>Takes a request out that has not run; its tenant owes nothing for it.</summary>
    public void Remove(QueueEntry entry, Func<int, long, double> share)
    {
        QueueLane lane = entry.Lane!;
        _shares.Remove(lane);
        lane.Remove(entry);
        Count--;
        Bytes -= entry.Bytes;
        if (lane.Count > 0)
        {
            Rank(lane, share);
            return;
        }

        _turns.Remove(lane);
        if (lane.Round <= _round)
        {
            _lanes.Remove(lane.Tenant);
        }
        else if (_lanes.Count >= _sweepAt)
        {
            ForgetIdle();
        }
    }

    /// <summary>Takes a tenant's oldest request out because it runs, and moves the tenant's next turn.</summary>
    public QueueEntry Serve(QueueLane lane, Func<int, long, double> share)
    {
        QueueEntry entry = lane.Oldest!;
        _turns.Remove(lane);
        _round = Math.Max(_round, lane.Round);
        lane.Round += Math.Max(1, entry.Tokens) / lane.Weight;
        _turns.Add(lane);
        Remove(entry, share);
        return entry;
    }

    private static int ByTurn(QueueLane left, QueueLane right)
    {
        int byRound = left.Round.CompareTo(right.Round);
        return byRound != 0 ? byRound : left.Order.CompareTo(right.Order);
    }

    private static int ByShare(QueueLane left, QueueLane right)
    {
        int byShare = left.Share.CompareTo(right.Share);
        return byShare != 0 ? byShare : left.Order.CompareTo(right.Order);
    }

    private void Rank(QueueLane lane, Func<int, long, double> share)
    {
        lane.Share = share(lane.Count, lane.Bytes) / lane.Weight;
        _shares.Add(lane);
    }

    /// <summary>Runs when the number of tenants has doubled since it last ran, so that it costs each of them little.</summary>
    private void ForgetIdle()
    {
        List<QueueLane> idle = [.. _lanes.Values.Where(lane => lane.Count == 0)];
        bool tooMany = idle.Count(lane => lane.Round > _round) > MaxDebtors;
        foreach (QueueLane lane in idle.Where(lane => tooMany || lane.Round <= _round))
        {
            _lanes.Remove(lane.Tenant);
        }

        _sweepAt = 2 * _lanes.Count + 64;
    }
}
