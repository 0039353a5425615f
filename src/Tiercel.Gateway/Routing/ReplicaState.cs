namespace Tiercel.Gateway.Routing;

/// <summary>What the router knows of one replica: what is under way there, and how fast it has been.</summary>
internal sealed class ReplicaState(ReplicaDescription description, int slot)
{
    /// <summary>What a speed factor forgets with each prompt: half in about ten.</summary>
    private const double Forgetting = 0.93;

    // Sums of observed and of predicted seconds; their quotient is the factor. They start as if one prompt of usual speed had been seen.
    private double _observed;
    private double _predicted;

    public ReplicaDescription Description { get; set; } = description;

    public int Slot { get; } = slot;

    /// <summary>Sent, first token not come, in the order sent.</summary>
    public LinkedList<RequestState> Pending { get; } = [];

    /// <summary>First token come.</summary>
    public HashSet<RequestState> Running { get; } = [];

    public long PendingTokens { get; set; }

    public long PendingPairs { get; set; }

    /// <summary>KV memory that the requests under way will have filled at their ends, in tokens.</summary>
    public long KvTokensInUse { get; set; }

    public ReplicaStatus Status { get; set; } = new();

    public WorkerBlocks? Exact { get; set; }

    /// <summary>When a first token last came.</summary>
    public TimeSpan LastFirst { get; set; }

    /// <summary>Requests of other clients that wait there, by its own report.</summary>
    public double ForeignWaiting { get; set; }

    /// <summary>Mean time from first token to end, seconds.</summary>
    public double MeanDecodeSeconds { get; set; } = 5;

    /// <summary>Seconds of prompts computed here in all: the difference over a stream's life is what prompts took from it.</summary>
    public double PrefillSeconds { get; set; }

    /// <summary>Seconds of an output token while no prompt is computed; 0 until learnt.</summary>
    public double Pace { get; set; }

    /// <summary>Share of its KV memory that seems to serve as cache, learnt from hits and misses.</summary>
    public double CacheShare { get; set; } = 0.9;

    /// <summary>Mean uncached tokens of the prompts it got lately.</summary>
    public double MeanUncached { get; set; } = 1000;

    /// <summary>It left the pool; its requests still end.</summary>
    public bool IsGone { get; set; }

    /// <summary>How much longer a prompt takes here than in the mean of the pool.</summary>
    public double Factor { get; private set; } = 1;

    public int Requests => Pending.Count + Running.Count;

    public long? KvTokens => Status.KvTokens ?? Description.KvTokens;

    public void Learn(double observedSeconds, double predictedSeconds)
    {
        if (_predicted == 0)
        {
            _observed = _predicted = predictedSeconds;
        }

        _observed = _observed * Forgetting + Math.Min(observedSeconds, 5 * predictedSeconds * Factor);
        _predicted = _predicted * Forgetting + predictedSeconds;
        Factor = Math.Clamp(_observed / Math.Max(_predicted, 1e-9), 0.02, 50);
    }

    /// <summary>Seconds until a prompt sent now would be begun with.</summary>
    public double QueueSeconds(PrefillModel model, TimeSpan now)
    {
        double waiting = ForeignWaiting * model.Predict(1, MeanUncached, 0);
        if (Pending.First is not { Value: RequestState head })
        {
            return waiting * Factor;
        }

        double all = Factor * (model.Predict(Pending.Count, PendingTokens, PendingPairs) + waiting);
        double first = Factor * model.Predict(1, head.UncachedTokens, head.Pairs);

        // What the head has had already. One that is late is nearly done, as far as anybody knows.
        double spent = (now - (head.SentAt > LastFirst ? head.SentAt : LastFirst)).TotalSeconds;
        return all - Math.Clamp(spent, 0, 0.95 * first);
    }
}
