namespace Tiercel.Gateway.Admission;

/// <summary>
/// Who has used how much of a pool of late, in tokens that fade, so that a tenant that takes more than its share while others ask is known: its owner keeps
/// the last few places from it, and lets those below their share go further into what is left. Others are those that ask for something as urgent: what is
/// less urgent comes after it anyway. What a tenant is given while nobody else asks is nobody's loss and does not count. Pure; its owner serialises the calls.
/// </summary>
internal sealed class TenantShares
{
    /// <summary>A share is exceeded when it is exceeded by this factor; what is below is chance.</summary>
    private const double Tolerance = 1.1;

    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(10);

    /// <summary>Who has asked for something within so long would have it now, or has just got it.</summary>
    private static readonly TimeSpan Contention = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, Use> _tenants = new(StringComparer.Ordinal);

    /// <summary>Sums over the tenants whose most urgent requests of late have a priority; as many as there are priorities, which the operator configures.</summary>
    private readonly SortedList<int, Level> _levels = [];
    private TimeSpan _at;
    private TimeSpan _swept;

    /// <summary>Tenants that asked for something of late.</summary>
    public int Active => _tenants.Count;

    /// <summary>A tenant asks for something, whether it will get it or not.</summary>
    /// <param name="priority">Of its request; less is more urgent.</param>
    /// <param name="tokens">What it asks for; 0 when that was counted before.</param>
    public void Asked(string tenant, double weight, int priority, long tokens, TimeSpan now)
    {
        Fade(now);
        Sweep(now);
        if (!_tenants.TryGetValue(tenant, out Use? use))
        {
            use = new Use { Weight = weight, Priority = priority };
            _tenants.Add(tenant, use);
            LevelOf(priority).Add(use);
        }
        else if (use.Weight != weight || priority < use.Priority)
        {
            LevelOf(use.Priority).Remove(use);
            use.Weight = weight;
            use.Priority = Math.Min(use.Priority, priority);
            LevelOf(use.Priority).Add(use);
        }

        LevelOf(priority).Asked(tenant, now);
        use.PrioritySinceSweep = Math.Min(use.PrioritySinceSweep, priority);
        use.Asked += tokens;
        use.LastAsked = now;
    }

    /// <summary>A tenant that has asked is given something.</summary>
    /// <param name="priority">Of its request.</param>
    public void Given(string tenant, int priority, long tokens, TimeSpan now)
    {
        Fade(now);
        if (!_tenants.TryGetValue(tenant, out Use? use))
        {
            return;
        }

        use.Given += Math.Max(1, tokens);
        foreach ((int urgency, Level level) in _levels)
        {
            if (urgency <= priority && level.LastAskedByAnother(tenant) is TimeSpan asked && now - asked <= Contention)
            {
                use.Contended += Math.Max(1, tokens);
                LevelOf(use.Priority).Contended += Math.Max(1, tokens);
                return;
            }
        }
    }

    /// <summary>Whether a tenant has had more than its share by weight among those that asked of late for something as urgent.</summary>
    public bool IsAbove(string tenant, int priority, TimeSpan now)
    {
        Fade(now);
        if (!_tenants.TryGetValue(tenant, out Use? use))
        {
            return false;
        }

        (int count, double weights, double contended) = (0, 0, 0);
        foreach ((int urgency, Level level) in _levels)
        {
            if (urgency > priority)
            {
                break;
            }

            count += level.Count;
            weights += level.Weights;
            contended += level.Contended;
        }

        return count > 1 && use.Contended * weights > Tolerance * use.Weight * contended;
    }

    /// <summary>Of what a tenant asked for of late the part that it was given: 1 for one that gets all, little for one that floods.</summary>
    public double GivenOfAsked(string tenant) =>
        _tenants.TryGetValue(tenant, out Use? use) && use.Given < use.Asked ? use.Given / use.Asked : 1;

    /// <summary>All fade alike, a step at a time.</summary>
    private void Fade(TimeSpan now)
    {
        // Exponentials of small steps multiply to that of the whole; a tenth of a second is fine enough for shares.
        if (now - _at < Memory / 100)
        {
            return;
        }

        double left = Math.Exp(-((now - _at) / Memory));
        _at = now;
        foreach (Level level in _levels.Values)
        {
            level.Contended *= left;
        }

        foreach (Use use in _tenants.Values)
        {
            use.Contended *= left;
            use.Given *= left;
            use.Asked *= left;
        }
    }

    private void Sweep(TimeSpan now)
    {
        if (now - _swept < Memory)
        {
            return;
        }

        // Differences of sums gather errors; what is counted anew has none.
        _swept = now;
        foreach (Level level in _levels.Values)
        {
            level.Clear();
        }

        foreach ((string tenant, Use use) in _tenants)
        {
            if (now - use.LastAsked > Memory)
            {
                _tenants.Remove(tenant);
                continue;
            }

            if (use.PrioritySinceSweep != int.MaxValue)
            {
                use.Priority = use.PrioritySinceSweep;
                use.PrioritySinceSweep = int.MaxValue;
            }

            LevelOf(use.Priority).Add(use);
        }
    }

    private Level LevelOf(int priority)
    {
        if (!_levels.TryGetValue(priority, out Level? level))
        {
            _levels.Add(priority, level = new Level());
        }

        return level;
    }

    private sealed class Use
    {
        public required double Weight { get; set; }

        /// <summary>The most urgent that it asked for of late.</summary>
        public required int Priority { get; set; }

        public int PrioritySinceSweep { get; set; } = int.MaxValue;

        /// <summary>Tokens that it was given while others asked.</summary>
        public double Contended { get; set; }

        /// <summary>All tokens that it was given.</summary>
        public double Given { get; set; }

        public double Asked { get; set; }

        public TimeSpan LastAsked { get; set; }
    }

    private sealed class Level
    {
        private (string Tenant, TimeSpan At)? _last;
        private TimeSpan? _lastOfAnother;

        public int Count { get; private set; }

        public double Weights { get; private set; }

        public double Contended { get; set; }

        public void Add(Use use)
        {
            Count++;
            Weights += use.Weight;
            Contended += use.Contended;
        }

        public void Remove(Use use)
        {
            Count--;
            Weights -= use.Weight;
            Contended -= use.Contended;
        }

        /// <summary>Nobody belongs to it any more; who asked last is still known.</summary>
        public void Clear() => (Count, Weights, Contended) = (0, 0, 0);

        public void Asked(string tenant, TimeSpan now)
        {
            if (_last is { } last && last.Tenant != tenant)
            {
                _lastOfAnother = last.At;
            }

            _last = (tenant, now);
        }

        /// <summary>When anybody but a tenant last asked for something of this priority; null for never.</summary>
        public TimeSpan? LastAskedByAnother(string tenant) => _last is { } last && last.Tenant != tenant ? last.At : _lastOfAnother;
    }
}
