namespace Tiercel.Gateway.Routing;

/// <summary>What the router knows of one replica: what is under way there, and how fast it has been.</summary>
internal sealed class RoutedReplica(ReplicaDescription description, int slot)
{
    /// <summary>What a speed factor forgets with each prompt: half in about ten.</summary>
    private const double Forgetting = 0.93;

    /// <summary>A prompt that takes so many times what was predicted, from its turn on, has not had its turn.</summary>
    private const double Stuck = 2;

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

    public ReplicaStatus Status { get; private set; } = new();

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

    /// <summary>Requests that it computed at one time when others had to wait: as many as it takes. Null while nothing has waited.</summary>
    public double? Ceiling { get; set; }

    /// <summary>Requests that wait inside it, by its last report and what was sent and ended since.</summary>
    public int WaitingInside { get; set; }

    /// <summary>When it last told that requests wait for a place.</summary>
    public TimeSpan? LastWaiting { get; private set; }

    /// <summary>Seconds of prompts it was given beyond what leaves its streams their pace, as of <see cref="DebtAt"/>.</summary>
    public double Debt { get; set; }

    public TimeSpan DebtAt { get; set; }

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

    public void Observe(ReplicaStatus status, PrefillModel model, TimeSpan now)
    {
        Status = status;
        if (status is { Waiting: { } waiting, Running: { } running })
        {
            // What waits inside beyond our own requests belongs to others, and is computed before ours.
            ForeignWaiting = Math.Max(0, waiting - Requests);
            WaitingInside = waiting;
            if (waiting > 0 && running > 0 && IsShortOfPlaces(model, now))
            {
                LastWaiting = now;
                Ceiling = Ceiling is { } known ? known + 0.3 * (running - known) : running;
            }
            else if (running > Ceiling)
            {
                Ceiling = running;
            }
        }
    }

    /// <summary>
    /// Whether what waits inside waits for a place. Engines also count what waits for the step that runs, or for the prompts before it; but then the prompt whose
    /// turn it is has not had it for longer than it should take.
    /// </summary>
    private bool IsShortOfPlaces(PrefillModel model, TimeSpan now)
        => Pending.First is not { Value: RequestState head } || Spent(head, now) > Stuck * Factor * model.Predict(1, head.UncachedTokens, head.Pairs);

    /// <summary>Seconds that a request has had the turn for its prompt, if it has it.</summary>
    private double Spent(RequestState head, TimeSpan now) => (now - (head.SentAt > LastFirst ? head.SentAt : LastFirst)).TotalSeconds;

    /// <summary>Prompts of so many seconds are given to it: its debt grows by them, and falls by the share of time that its streams can spare.</summary>
    /// <param name="spareShare">That share, 0 to 1.</param>
    public void Give(double seconds, double spareShare, TimeSpan now)
    {
        Debt = DebtNow(spareShare, now) + seconds;
        DebtAt = now;
    }

    public double DebtNow(double spareShare, TimeSpan now) => Math.Max(0, Debt - spareShare * (now - DebtAt).TotalSeconds);

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
    public double QueueSeconds(PrefillModel model, TimeSpan now) => Math.Max(PrefillQueue(model, now), PlaceWait());

    /// <summary>Seconds until running requests have ended for all that wait for a place in the batch.</summary>
    private double PlaceWait()
    {
        double waiting = Math.Max(WaitingInside, Requests - (Ceiling ?? double.PositiveInfinity));
        return waiting <= 0 ? 0 : (waiting + 1) * MeanDecodeSeconds / Math.Max(1, Math.Min(Running.Count, Ceiling ?? Running.Count));
    }

    private double PrefillQueue(PrefillModel model, TimeSpan now)
    {
        double waiting = ForeignWaiting * model.Predict(1, MeanUncached, 0);
        if (Pending.First is not { Value: RequestState head })
        {
            return waiting * Factor;
        }

        double all = Factor * (model.Predict(Pending.Count, PendingTokens, PendingPairs) + waiting);
        double first = Factor * model.Predict(1, head.UncachedTokens, head.Pairs);

        // What the head has had already. One that is late is nearly done, as far as anybody knows.
        return all - Math.Clamp(Spent(head, now), 0, 0.95 * first);
    }
}
