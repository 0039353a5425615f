namespace Tiercel.Gateway.Routing;

/// <summary>What a pool has learnt from its answers: tokens of a byte, seconds of a prompt, length of an answer, size of the caches.</summary>
internal sealed class PoolEstimates
{
    /// <summary>A prompt byte is so many tokens until usage tells better: English text.</summary>
    private const double UsualTokensPerByte = 0.25;

    /// <summary>Weight of the newest sample in running means.</summary>
    private const double Newest = 0.05;

    private const double SlowNewest = 0.01;

    /// <summary>Cached tokens below which a hit or a miss says nothing about the cache.</summary>
    private const int TellingTokens = 1024;

    /// <summary>Prompts that are learnt from at their first token.</summary>
    private const int EarlyPrompts = 32;

    private ReplicaProfile? _profile;
    private long _learnt;
    private double _tokens = UsualTokensPerByte * 4096;
    private double _bytes = 4096;
    private double _output = 256;
    private double _limitUsed = 0.5;
    private double _meanStreams;
    private double _meanPace;
    private double _streamsAndPace;
    private double _streamsSpread;

    public PrefillModel Prefill { get; private set; } = new(ReplicaProfile.Default);

    public double TokensPerByte => _tokens / _bytes;

    /// <summary>Share of what is being computed for others that later prompts find: engines differ in when a block can be found.</summary>
    public double PendingShare { get; private set; } = 0.5;

    /// <summary>Seconds that one more stream adds to each token of the others: the slope of the pace over the number of streams.</summary>
    public double SecondsPerStream => _streamsSpread > 1 ? Math.Max(0, _streamsAndPace / _streamsSpread) : 0;

    /// <summary>Share of the objective for a token that is kept back besides the usual margin, because more streams than may missed it.</summary>
    public double PaceReserve { get; private set; }

    /// <summary>A stream with an objective for its tokens has ended.</summary>
    public void LearnPace(bool missed, RoutingTuning tuning) =>
        PaceReserve = Math.Clamp(PaceReserve + tuning.PaceStep * ((missed ? 1 : 0) - tuning.SlowStreams), 0, tuning.PaceMargin - tuning.LeastPaceMargin);

    /// <summary>Mean distance between predicted and observed times to the first token, seconds.</summary>
    public double Error { get; private set; }

    public void LearnError(double observed, double predicted) => Error += Newest * (Math.Min(Math.Abs(observed - predicted), 1 + predicted) - Error);

    /// <summary>Sum over computed tokens of the positions each attends to.</summary>
    public static long Pairs(long promptTokens, long cachedTokens) => (promptTokens * promptTokens - cachedTokens * cachedTokens) / 2;

    /// <summary>The first measured profile is where learning starts.</summary>
    public void Begin(ReplicaProfile? profile)
    {
        if (profile is not null && _profile is null)
        {
            _profile = profile;
            Prefill = new PrefillModel(profile);
        }
    }

    /// <summary>Tokens that an answer will have: of the client's limit the usual share, without one the usual length.</summary>
    public double ExpectedOutput(int? limit) => limit is { } tokens ? Math.Max(1, tokens * _limitUsed) : _output;

    /// <summary>Fingerprint blocks that a replica's cache holds; null while nothing is known of it.</summary>
    public double? CacheBlocks(RoutedReplica replica)
        => replica.KvTokens is { } tokens ? replica.CacheShare * tokens / TokensPerByte / PromptFingerprint.BlockBytes : null;

    public void Learn(RequestState request, RoutedReplica replica, in RouteEnd end, TimeSpan now)
    {
        long prompt = request.Decision.PromptTokens;
        long uncached = request.UncachedTokens;
        if (end.PromptTokens is { } told and > 0 && request.PromptBytes > 0)
        {
            prompt = told;
            _tokens = _tokens * 0.98 + told;
            _bytes = _bytes * 0.98 + request.PromptBytes;
        }

        if (end.CachedTokens is { } cached and >= 0 && cached <= prompt)
        {
            uncached = prompt - cached;
            LearnCache(request, replica, cached);
        }

        if (end.CompletionTokens is { } completion and > 0)
        {
            _output += Newest * (completion - _output);
            if (request.MaxOutputTokens is { } limit and > 0)
            {
                _limitUsed += Newest * (Math.Min(1, completion / (double)limit) - _limitUsed);
            }

            if (request is { Streams: true, FirstAt: { } begun } && completion > 16)
            {
                double stalled = replica.PrefillSeconds - request.PrefillSecondsAtFirst;
                double pace = Math.Max(1e-6, ((now - begun).TotalSeconds - stalled) / (completion - 1));
                replica.Pace += (replica.Pace == 0 ? 1 : Newest) * (pace - replica.Pace);
                LearnCompany(replica.Running.Count, pace);
            }
        }

        if (request is { Streams: true, FirstAt: { } first })
        {
            replica.MeanDecodeSeconds += Newest * ((now - first).TotalSeconds - replica.MeanDecodeSeconds);
            if (!request.IsLearnt)
            {
                LearnSpeed(request, replica, prompt, uncached);
            }
        }
    }

    /// <summary>A first token came: how long the prompt occupied the replica is known, unless it may have waited for a place in the batch.</summary>
    public void Served(RequestState request, RoutedReplica replica, TimeSpan now)
    {
        TimeSpan from = request.SentAt > replica.LastFirst ? request.SentAt : replica.LastFirst;
        bool waited = replica.LastWaiting >= request.SentAt;
        request.ServiceSeconds = waited
            ? replica.Factor * Prefill.Predict(1, request.UncachedTokens, request.Pairs)
            : Math.Max(1e-6, (now - from).TotalSeconds);
        replica.PrefillSeconds += request.ServiceSeconds;
        request.PrefillSecondsAtFirst = replica.PrefillSeconds;
        request.IsLearnt = waited;
        if (!waited && _learnt < EarlyPrompts)
        {
            // The end, which tells exactly what was computed, may be far away; a rough speed now is better than none.
            request.IsLearnt = true;
            LearnSpeed(request, replica, request.Decision.PromptTokens, request.UncachedTokens);
        }
    }

    /// <summary>Its first token is later than predicted and will not be known: the replica takes as long as was waited at least.</summary>
    public void GivenUp(RequestState request, RoutedReplica replica, TimeSpan now)
    {
        double waited = (now - request.SentAt).TotalSeconds;
        if (waited <= request.PredictedTtft)
        {
            return;
        }

        LearnError(waited, request.PredictedTtft);
        TimeSpan from = request.SentAt > replica.LastFirst ? request.SentAt : replica.LastFirst;
        double service = (now - from).TotalSeconds;
        double predicted = Prefill.Predict(1, request.UncachedTokens, request.Pairs);

        // What waited for a place in the batch says nothing of the replica's speed, what is shorter than expected nothing at all, and before the first prompt
        // there is nothing to compare a replica with.
        bool waitedInside = replica.LastWaiting >= request.SentAt;
        if (!waitedInside && _learnt > 0 && service > replica.Factor * predicted)
        {
            replica.Learn(service, predicted);
        }
    }

    private void LearnSpeed(RequestState request, RoutedReplica replica, long prompt, long uncached)
    {
        double pairs = Pairs(prompt, prompt - uncached);
        Prefill.Learn(uncached, pairs, request.ServiceSeconds);
        replica.Learn(request.ServiceSeconds, Prefill.Predict(1, uncached, pairs));
        _learnt++;
    }

    private void LearnCompany(int streams, double pace)
    {
        double away = streams - _meanStreams;
        _meanStreams += SlowNewest * away;
        _meanPace += SlowNewest * (pace - _meanPace);
        _streamsAndPace = (1 - SlowNewest) * (_streamsAndPace + SlowNewest * away * (pace - _meanPace));
        _streamsSpread = (1 - SlowNewest) * (_streamsSpread + SlowNewest * away * away);
    }

    private void LearnCache(RequestState request, RoutedReplica replica, int cached)
    {
        if (request.PendingCachedTokens >= TellingTokens / 2)
        {
            double found = Math.Clamp((cached - request.ComputedCachedTokens) / (double)request.PendingCachedTokens, 0, 1);
            PendingShare += Newest * (found - PendingShare);
        }

        // A miss on what was expected says that the cache holds less than believed, a hit on something old that it holds as much.
        if (request.ComputedCachedTokens >= TellingTokens && request.BlocksSince > 0)
        {
            bool hit = cached >= request.ComputedCachedTokens / 2;
            replica.CacheShare = Math.Clamp(replica.CacheShare * (hit ? 1.005 : 0.97), 0.05, 2);
        }
    }
}
