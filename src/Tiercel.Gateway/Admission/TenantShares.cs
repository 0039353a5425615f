namespace Tiercel.Gateway.Admission;

/// <summary>
/// Who has used how much of a pool of late, in tokens that fade, so that a tenant that takes more than its share while others ask is known: its owner keeps
/// the last few places from it, and lets those below their share go further into what is left. Pure; its owner serialises the calls.
/// </summary>
internal sealed class TenantShares
{
    /// <summary>A share is exceeded when it is exceeded by this factor; what is below is chance.</summary>
    private const double Tolerance = 1.1;

    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, Use> _tenants = new(StringComparer.Ordinal);
    private double _weights;
    private double _total;
    private TimeSpan _at;
    private TimeSpan _swept;

    /// <summary>Tenants that asked for something of late.</summary>
    public int Active => _tenants.Count;

    /// <summary>A tenant asks for something, whether it will get it or not.</summary>
    /// <param name="tokens">What it asks for; 0 when that was counted before.</param>
    public void Asked(string tenant, double weight, long tokens, TimeSpan now)
    {
        Fade(now);
        Sweep(now);
        if (!_tenants.TryGetValue(tenant, out Use? use))
        {
            _tenants.Add(tenant, use = new Use());
        }

        _weights += weight - use.Weight;
        use.Weight = weight;
        use.Asked += tokens;
        use.LastAsked = now;
    }

    /// <summary>A tenant that has asked is given something.</summary>
    public void Given(string tenant, long tokens, TimeSpan now)
    {
        Fade(now);
        if (_tenants.TryGetValue(tenant, out Use? use))
        {
            use.Tokens += Math.Max(1, tokens);
            _total += Math.Max(1, tokens);
        }
    }

    /// <summary>Whether a tenant has had more than its share by weight among those that asked of late.</summary>
    public bool IsAbove(string tenant, TimeSpan now)
    {
        Fade(now);
        return _tenants.Count > 1 && _tenants.TryGetValue(tenant, out Use? use) && use.Tokens * _weights > Tolerance * use.Weight * _total;
    }

    /// <summary>Of what a tenant asked for of late the part that it was given: 1 for one that gets all, little for one that floods.</summary>
    public double GivenOfAsked(string tenant) =>
        _tenants.TryGetValue(tenant, out Use? use) && use.Tokens < use.Asked ? use.Tokens / use.Asked : 1;

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
        _total *= left;
        foreach (Use use in _tenants.Values)
        {
            use.Tokens *= left;
            use.Asked *= left;
        }
    }

    private void Sweep(TimeSpan now)
    {
        if (now - _swept < Memory)
        {
            return;
        }

        _swept = now;
        foreach ((string tenant, Use use) in _tenants)
        {
            if (now - use.LastAsked > Memory)
            {
                _tenants.Remove(tenant);
            }
        }

        // Differences of sums gather errors; what is counted anew has none.
        _weights = _tenants.Values.Sum(use => use.Weight);
        _total = _tenants.Values.Sum(use => use.Tokens);
    }

    private sealed class Use
    {
        public double Weight { get; set; }

        /// <summary>Given.</summary>
        public double Tokens { get; set; }

        public double Asked { get; set; }

        public TimeSpan LastAsked { get; set; }
    }
}
