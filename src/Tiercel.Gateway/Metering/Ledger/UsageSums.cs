namespace Tiercel.Gateway.Metering.Ledger;

/// <summary>What remains of records that find no place in the buffer: sums by tenant, key, model and day, of which there are few.</summary>
internal sealed class UsageSums
{
    /// <summary>More combinations than any configuration has; past it models are summed together.</summary>
    private const int MaxSums = 10_000;

    private const string OtherModels = "(other models)";

    private readonly Lock _lock = new();
    private Dictionary<(string Tenant, string Key, string Model, DateOnly Day), UsageSum> _sums = [];
    private long _number;
    private long _requests;

    /// <summary>Requests whose sums are not written yet, those of sums that are taken too.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>Whether there is nothing to take.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (_lock)
            {
                return _sums.Count == 0;
            }
        }
    }

    public void Add(UsageRecord record)
    {
        DateOnly day = DateOnly.FromDateTime(record.Admitted.UtcDateTime);
        lock (_lock)
        {
            string model = record.Model;
            if (_sums.Count >= MaxSums && !_sums.ContainsKey((record.Tenant, record.Key, model, day)))
            {
                model = OtherModels;
            }

            if (!_sums.TryGetValue((record.Tenant, record.Key, model, day), out UsageSum? sum))
            {
                sum = new UsageSum(record.Tenant, record.Key, model, day);
                _sums.Add((record.Tenant, record.Key, model, day), sum);
            }

            sum.Requests++;
            sum.PromptTokens += record.PromptTokens;
            sum.CachedTokens += record.CachedTokens;
            sum.CompletionTokens += record.CompletionTokens;
            sum.Cost += record.Cost;
            sum.Engine += record.Engine;
            sum.Duration += record.Duration;
            Interlocked.Increment(ref _requests);
        }
    }

    /// <summary>Takes all sums out, each with a number of its own. They are the caller's to write now, and to report as <see cref="Written"/>.</summary>
    public IReadOnlyList<UsageSum> Take()
    {
        lock (_lock)
        {
            List<UsageSum> taken = [.. _sums.Values.Select(sum => sum with { Number = ++_number })];
            _sums = [];
            return taken;
        }
    }

    /// <summary>Says that sums that were taken are on disk.</summary>
    /// <returns>How many requests they hold.</returns>
    public long Written(IReadOnlyList<UsageSum> taken)
    {
        long requests = taken.Sum(sum => sum.Requests);
        Interlocked.Add(ref _requests, -requests);
        return requests;
    }
}
