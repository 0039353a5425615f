using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Admission;

/// <summary>
/// The bounded queue in front of a pool. More urgent bands go first; inside a band tenants share by weight in tokens (<see cref="QueueBand"/>); a tenant's
/// own requests keep their order. When it is full, the newest request of the tenant that holds most of the least urgent band has to go. Pure: the owner
/// locks.
/// <para>
/// What it promises inside a band: while two tenants wait, what each was served by weight differs by at most one request of each; a tenant that owes
/// nothing waits for at most one request of each other tenant, however many they have waiting. So a flood moves another tenant's turn by one request.
/// </para>
/// </summary>
internal sealed class FairQueue(QueueSettings settings)
{
    /// <summary>Requests of one tenant that a single arrival of another may push out.</summary>
    private const int MaxPushedOut = 16;

    private static readonly TimeSpan RateMemory = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LeastRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MostRetry = TimeSpan.FromSeconds(60);

    private readonly SortedList<int, QueueBand> _bands = [];
    private readonly Dictionary<string, int> _perTenant = new(StringComparer.Ordinal);
    private readonly SortedSet<QueueEntry> _deadlines = new(Comparer<QueueEntry>.Create(ByDeadline));
    private readonly List<QueueEntry> _expired = [];
    private QueueSettings _settings = settings;
    private DrainRate _drain = new(RateMemory);
    private long _sequence;
    private int _waiting;

    /// <summary>Requests that the queue holds, those among them that have expired and were not yet asked for.</summary>
    public int Count => _waiting + _expired.Count;

    public long Bytes { get; private set; }

    /// <summary>Of all that wait.</summary>
    public long Tokens { get; private set; }

    /// <summary>When <see cref="Expire"/> is next worth calling; null when nothing waits.</summary>
    public TimeSpan? NextDeadline => _expired.Count > 0 ? TimeSpan.Zero : _deadlines.Min?.Deadline;

    /// <summary>Tenants that are known: those that wait, and some that still owe.</summary>
    public int RememberedTenants => _bands.Values.Sum(band => band.RememberedTenants);

    public int CountOf(string tenant) => _perTenant.GetValueOrDefault(tenant);

    /// <summary>After a reload. What waits already stays, even where it is more than fits now.</summary>
    public void Reconfigure(QueueSettings settings) => _settings = settings;

    /// <summary>Puts a request in.</summary>
    /// <param name="pushedOut">Gets the requests that had to go for it; they are to be refused.</param>
    public EnqueueOutcome TryEnqueue(QueueEntry entry, TimeSpan now, ICollection<QueueEntry> pushedOut)
    {
        if (entry.IsQueued || !(entry.Weight > 0) || double.IsInfinity(entry.Weight) || entry.Bytes < 0 || entry.Tokens < 0)
        {
            throw new ArgumentException("a request waits once, with a weight above 0 and no negative size", nameof(entry));
        }

        CollectExpired(now);
        if (entry.Deadline <= now)
        {
            return EnqueueOutcome.TooLate;
        }

        QueueEntry? ownLessUrgent = null;
        if (CountOf(entry.Tenant) >= _settings.MaxRequestsPerTenant)
        {
            ownLessUrgent = NewestLessUrgent(entry);
            if (ownLessUrgent is null)
            {
                return EnqueueOutcome.TenantFull;
            }
        }

        if (!TryMakeRoom(entry, ownLessUrgent, pushedOut))
        {
            return EnqueueOutcome.QueueFull;
        }

        Insert(entry, now);
        return EnqueueOutcome.Queued;
    }

    /// <summary>Takes the next request whose turn it is and that can run. Never one whose deadline has passed.</summary>
    /// <param name="canRun">
    /// Asked of the oldest request of each tenant of the most urgent band, in order of turns, until it says to run one or to stop. What is less urgent does not
    /// go past those that are skipped.
    /// </param>
    public QueueEntry? TryDequeue(TimeSpan now, Func<QueueEntry, TurnVerdict> canRun)
    {
        CollectExpired(now);
        if (_bands.Count == 0)
        {
            return null;
        }

        QueueBand band = _bands.Values[0];
        foreach (QueueLane lane in band.Turns)
        {
            switch (canRun(lane.Oldest!))
            {
                case TurnVerdict.Run:
                    QueueEntry entry = band.Serve(lane, ShareOf);
                    Forget(entry, band);
                    _drain.Add(1, now);
                    return entry;
                case TurnVerdict.Stop:
                    return null;
                case TurnVerdict.Skip:
                default:
                    break;
            }
        }

        return null;
    }

    /// <summary>Takes out what has waited in vain.</summary>
    /// <param name="expired">Gets the requests; they are to be refused.</param>
    public void Expire(TimeSpan now, ICollection<QueueEntry> expired)
    {
        CollectExpired(now);
        foreach (QueueEntry entry in _expired)
        {
            expired.Add(entry);
        }

        _expired.Clear();
    }

    /// <summary>Takes out a request whose client has gone.</summary>
    /// <returns>Whether it still waited here.</returns>
    public bool Remove(QueueEntry entry)
    {
        if (entry.Lane is not QueueLane lane)
        {
            return _expired.Remove(entry);
        }

        if (!_bands.TryGetValue(entry.Priority, out QueueBand? band) || band != lane.Band)
        {
            return false;
        }

        band.Remove(entry, ShareOf);
        Forget(entry, band);
        return true;
    }

    /// <summary>
    /// When a refused request of a priority may find room: what waits before it, at the rate at which the queue drained of late. Whatever waits has gone after
    /// the longest wait, one way or the other.
    /// </summary>
    public TimeSpan RetryAfter(int priority, TimeSpan now)
    {
        int before = _bands.Values.Where(band => band.Priority <= priority).Sum(band => band.Count);
        double rate = _drain.PerSecond(now);
        TimeSpan most = _settings.MaxWait < MostRetry ? _settings.MaxWait : MostRetry;
        TimeSpan wait = rate <= 0 || before / rate > most.TotalSeconds ? most : TimeSpan.FromSeconds(before / rate);
        return before == 0 || wait < LeastRetry ? LeastRetry : wait;
    }

    private static int ByDeadline(QueueEntry left, QueueEntry right)
    {
        int byDeadline = left.Deadline.CompareTo(right.Deadline);
        return byDeadline != 0 ? byDeadline : left.Sequence.CompareTo(right.Sequence);
    }

    /// <summary>What part of the queue so many requests of so many bytes are: of the bound that they come closest to.</summary>
    private double ShareOf(int count, long bytes) =>
        Math.Max((double)count / Math.Max(1, _settings.MaxRequests), (double)bytes / Math.Max(1, _settings.MaxBytes));

    private QueueEntry? NewestLessUrgent(QueueEntry arrival)
    {
        for (int i = _bands.Count - 1; i >= 0 && _bands.Values[i].Priority > arrival.Priority; i--)
        {
            if (_bands.Values[i].Find(arrival.Tenant)?.Newest is QueueEntry newest)
            {
                return newest;
            }
        }

        return null;
    }

    /// <summary>Pushes out what the arrival has more right than, or nothing when that would not be enough.</summary>
    private bool TryMakeRoom(QueueEntry arrival, QueueEntry? already, ICollection<QueueEntry> pushedOut)
    {
        int requests = _waiting + 1 - _settings.MaxRequests - (already is null ? 0 : 1);
        long bytes = Bytes + arrival.Bytes - _settings.MaxBytes - (already?.Bytes ?? 0);
        if (requests <= 0 && bytes <= 0)
        {
            if (already is not null)
            {
                PushOut(already, pushedOut);
            }

            return true;
        }

        int lessUrgent = -(already is null ? 0 : 1);
        long lessUrgentBytes = -(already?.Bytes ?? 0);
        foreach (QueueBand band in _bands.Values.Where(band => band.Priority > arrival.Priority))
        {
            lessUrgent += band.Count;
            lessUrgentBytes += band.Bytes;
        }

        List<QueueEntry> peers = [];
        if ((requests > lessUrgent || bytes > lessUrgentBytes) && !TryFindPeers(arrival, requests - lessUrgent, bytes - lessUrgentBytes, peers))
        {
            return false;
        }

        if (already is not null)
        {
            PushOut(already, pushedOut);
        }

        while (!Fits(arrival) && _bands.Values[^1].Priority > arrival.Priority)
        {
            PushOut(_bands.Values[^1].Largest!.Newest!, pushedOut);
        }

        peers.ForEach(peer => PushOut(peer, pushedOut));
        return true;
    }

    private bool Fits(QueueEntry arrival) => _waiting < _settings.MaxRequests && Bytes + arrival.Bytes <= _settings.MaxBytes;

    /// <summary>Finds requests of the same band to push out: the newest of the tenant that holds most, as long as it then still holds no less than the arrival's.</summary>
    private bool TryFindPeers(QueueEntry arrival, int requests, long bytes, List<QueueEntry> peers)
    {
        if (!_bands.TryGetValue(arrival.Priority, out QueueBand? band) || band.Largest is not QueueLane largest || largest.Tenant == arrival.Tenant)
        {
            return false;
        }

        long freed = 0;
        for (QueueEntry? peer = largest.Newest; peer is not null && peers.Count < MaxPushedOut; peer = peer.Older)
        {
            peers.Add(peer);
            freed += peer.Bytes;
            if (peers.Count >= requests && freed >= bytes)
            {
                QueueLane? own = band.Find(arrival.Tenant);
                double left = ShareOf(largest.Count - peers.Count, largest.Bytes - freed) / largest.Weight;
                return left >= ShareOf((own?.Count ?? 0) + 1, (own?.Bytes ?? 0) + arrival.Bytes) / arrival.Weight;
            }
        }

        return false;
    }

    private void PushOut(QueueEntry entry, ICollection<QueueEntry> pushedOut)
    {
        Remove(entry);
        pushedOut.Add(entry);
    }

    private void Insert(QueueEntry entry, TimeSpan now)
    {
        entry.Sequence = ++_sequence;
        entry.Since = now;
        if (!_bands.TryGetValue(entry.Priority, out QueueBand? band))
        {
            band = new QueueBand(entry.Priority);
            _bands.Add(entry.Priority, band);
        }

        band.Add(entry, ShareOf);
        _deadlines.Add(entry);
        _perTenant[entry.Tenant] = CountOf(entry.Tenant) + 1;
        _waiting++;
        Bytes += entry.Bytes;
        Tokens += entry.Tokens;
    }

    private void Forget(QueueEntry entry, QueueBand band)
    {
        _deadlines.Remove(entry);
        _waiting--;
        Bytes -= entry.Bytes;
        Tokens -= entry.Tokens;
        if (--_perTenant[entry.Tenant] is 0)
        {
            _perTenant.Remove(entry.Tenant);
        }

        // Nobody waits any more, so nobody is owed anything.
        if (band.Count == 0)
        {
            _bands.Remove(band.Priority);
        }
    }

    private void CollectExpired(TimeSpan now)
    {
        while (_deadlines.Min is QueueEntry entry && entry.Deadline <= now)
        {
            Remove(entry);
            _expired.Add(entry);
        }
    }
}
