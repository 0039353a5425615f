namespace Tiercel.Gateway.Recovery;

/// <summary>
/// Finds requests that kill workers, without blaming those that were there by chance: after two deaths a request is tried alone on a worker, and only if that
/// dies too it is refused. One suspect is tried at a time in a pool. Pure; its owner serialises the calls.
/// </summary>
internal sealed class PoisonBook
{
    /// <summary>Deaths after which a request is tried alone.</summary>
    public const int DeathsToSuspect = 2;

    /// <summary>Requests remembered. Only deaths of workers add any.</summary>
    public const int MaxRequests = 4096;

    /// <summary>How long a death is held against those that were there, and how long the quarantine lasts.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);

    /// <summary>How long a worker is kept free for a suspect that does not come.</summary>
    public static readonly TimeSpan LongestReservation = TimeSpan.FromMinutes(2);

    /// <summary>How long the news of a worker's death may take after a connection to it broke.</summary>
    public static readonly TimeSpan DeathNews = TimeSpan.FromSeconds(10);

    private const int DeathsRemembered = 64;
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMinutes(1);

    private readonly Dictionary<UInt128, Entry> _requests = [];
    private readonly Dictionary<string, Trial> _trials = [];
    private readonly Queue<Death> _deaths = new();
    private TimeSpan _nextSweep = SweepInterval;

    /// <summary>Nothing is known of any request, so that fingerprints need not be made.</summary>
    public bool IsEmpty => _requests.Count == 0;

    public int Known => _requests.Count;

    /// <summary>Deaths told so far, each once.</summary>
    public long Deaths { get; private set; }

    public long Quarantines { get; private set; }

    /// <summary>
    /// A worker died (its process ended or hung; no drain, no single broken connection) while these requests were there. Telling the same death again changes
    /// nothing.
    /// </summary>
    public void Died(int replica, string generation, ReadOnlySpan<UInt128> present, TimeSpan now)
    {
        Sweep(now);
        if (Find(replica, generation) is not null)
        {
            return;
        }

        if (_deaths.Count == DeathsRemembered)
        {
            _deaths.Dequeue();
        }

        Death death = new(replica, generation, [.. present]);
        _deaths.Enqueue(death);
        Deaths++;
        UInt128? convict = EndTrialOn(replica, generation, death.Present);
        foreach (UInt128 request in death.Present)
        {
            Blame(request, request == convict, now);
        }
    }

    /// <summary>Another request was there when a worker died, which is known by now only. Each counts once for a death.</summary>
    public void WasPresent(int replica, string generation, UInt128 request, TimeSpan now)
    {
        if (Find(replica, generation) is Death death && death.Present.Add(request))
        {
            Blame(request, convicted: false, now);
        }
    }

    public PoisonVerdict Judge(UInt128 request, TimeSpan now)
    {
        Sweep(now);
        if (!_requests.TryGetValue(request, out Entry entry) || entry.Expires <= now)
        {
            return PoisonVerdict.Free;
        }

        return entry.Convicted ? PoisonVerdict.Quarantined : entry.Deaths >= DeathsToSuspect ? PoisonVerdict.Alone : PoisonVerdict.Free;
    }

    /// <summary>Whether any death is held against a request, be it too few to make it a suspect.</summary>
    public bool IsBlamed(UInt128 request, TimeSpan now) => _requests.TryGetValue(request, out Entry entry) && entry.Expires > now;

    /// <summary>When the entry of a request is forgotten, for <c>Retry-After</c>; null when there is none.</summary>
    public TimeSpan? Expires(UInt128 request) => _requests.TryGetValue(request, out Entry entry) ? entry.Expires : null;

    /// <summary>
    /// Reserves a worker for a suspect: from now on nobody else may be sent there (<see cref="IsReserved"/>), and the suspect is sent when the worker has no
    /// other request. Asked again by the same holder it gives the same worker while that is usable. Null while another suspect of the pool is tried.
    /// </summary>
    /// <param name="holder">The request that asks; two with the same body are two holders.</param>
    /// <param name="workers">Usable workers of the pool with what runs on them.</param>
    public int? TryReserve(string pool, UInt128 request, long holder, ReadOnlySpan<(int Replica, int InFlight)> workers, TimeSpan now)
    {
        Sweep(now);
        (int Replica, int InFlight) best = (-1, int.MaxValue);
        bool stillThere = false;
        bool held = _trials.TryGetValue(pool, out Trial trial);
        foreach ((int Replica, int InFlight) worker in workers)
        {
            best = worker.InFlight < best.InFlight ? worker : best;
            stillThere |= held && worker.Replica == trial.Replica;
        }

        if (held && trial.Holder != holder)
        {
            return null;
        }

        if (held && trial.Broke)
        {
            // What became of the worker must be known first.
            return null;
        }

        if (held && (stillThere || trial.Generation is not null))
        {
            return trial.Replica;
        }

        if (best.Replica < 0)
        {
            return null;
        }

        _trials[pool] = new Trial(request, holder, best.Replica, null, Broke: false, now + LongestReservation);
        return best.Replica;
    }

    /// <summary>Whether a worker is kept for a suspect, so that nobody else may be sent there.</summary>
    /// <param name="holder">For whom it is not reserved, since it is reserved for it.</param>
    public bool IsReserved(int replica, long? holder = null)
    {
        foreach (Trial trial in _trials.Values)
        {
            if (trial.Replica == replica && trial.Holder != holder)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The suspect has been sent to its worker, which was idle: a death from now on is its doing.</summary>
    /// <returns>False when the reservation is gone; then it must not be sent.</returns>
    public bool Started(long holder, string generation)
    {
        foreach ((string pool, Trial trial) in _trials)
        {
            if (trial.Holder == holder)
            {
                _trials[pool] = trial with { Generation = generation };
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// The suspect's attempt broke. Whether its worker died, or only a connection, the next news of the worker says; until then the worker stays reserved.
    /// </summary>
    public void Broke(long holder, TimeSpan now)
    {
        foreach ((string pool, Trial trial) in _trials)
        {
            if (trial.Holder == holder && trial.Generation is not null)
            {
                _trials[pool] = trial with { Broke = true, Until = now + DeathNews };
                return;
            }
        }
    }

    /// <summary>
    /// The suspect got past the place where the workers died, or ended: it is cleared, and the worker is free again. Also to be called when the client left or
    /// the suspect gave up. A holder without a reservation is ignored, and so is one whose attempt broke: time ends that trial.
    /// </summary>
    /// <param name="passed">Whether it proved itself; false when it merely stopped.</param>
    public void Released(long holder, bool passed)
    {
        foreach ((string pool, Trial trial) in _trials)
        {
            if (trial.Holder == holder && !trial.Broke)
            {
                _trials.Remove(pool);
                if (passed && trial.Generation is not null)
                {
                    _requests.Remove(trial.Request);
                }

                return;
            }
        }
    }

    /// <returns>The request whose trial was on the worker that died, if it was truly alone there.</returns>
    private UInt128? EndTrialOn(int replica, string generation, HashSet<UInt128> present)
    {
        foreach ((string pool, Trial trial) in _trials)
        {
            if (trial.Replica == replica)
            {
                _trials.Remove(pool);
                return trial.Generation == generation && present.Count == 1 && present.Contains(trial.Request) ? trial.Request : null;
            }
        }

        return null;
    }

    private Death? Find(int replica, string generation)
    {
        foreach (Death death in _deaths)
        {
            if (death.Replica == replica && death.Generation == generation)
            {
                return death;
            }
        }

        return null;
    }

    private void Blame(UInt128 request, bool convicted, TimeSpan now)
    {
        bool known = _requests.TryGetValue(request, out Entry entry) && entry.Expires > now;
        if (!known && _requests.Count >= MaxRequests)
        {
            return;
        }

        Entry blamed = known ? entry : default;
        Quarantines += convicted && !blamed.Convicted ? 1 : 0;
        _requests[request] = new Entry(blamed.Deaths + 1, blamed.Convicted || convicted, now + Memory);
    }

    private void Sweep(TimeSpan now)
    {
        foreach ((string pool, Trial trial) in _trials)
        {
            if ((trial.Generation is null || trial.Broke) && trial.Until <= now)
            {
                _trials.Remove(pool);
            }
        }

        if (now < _nextSweep)
        {
            return;
        }

        _nextSweep = now + SweepInterval;
        foreach ((UInt128 request, Entry entry) in _requests)
        {
            if (entry.Expires <= now)
            {
                _requests.Remove(request);
            }
        }
    }

    private readonly record struct Entry(int Deaths, bool Convicted, TimeSpan Expires);

    /// <param name="Present">Requests that it was held against.</param>
    private sealed record Death(int Replica, string Generation, HashSet<UInt128> Present);

    /// <param name="Generation">Of the worker when the suspect was sent; null while it is only reserved.</param>
    /// <param name="Broke">Its attempt broke, and what became of the worker is not known yet.</param>
    private readonly record struct Trial(UInt128 Request, long Holder, int Replica, string? Generation, bool Broke, TimeSpan Until);
}
