using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Routing;

/// <summary>What it would cost, in seconds, to give a request to a replica.</summary>
internal sealed class PlacementCost(RoutingTuning tuning, PoolEstimates estimates, PrefixKnowledge prefixes)
{
    /// <summary>Share of the replicas that had prompts to compute when requests came, lately.</summary>
    public double Busy { get; private set; }

    public void Observe(double busyShare) => Busy += 0.01 * (busyShare - Busy);

    public RouteCandidate Weigh(RouteQuery query, RoutedReplica replica, double weight, PrefixMatch match, TimeSpan now)
    {
        double tokensPerByte = estimates.TokensPerByte;
        int prompt = Math.Max(1, (int)(query.PromptBytes * tokensPerByte));
        int computed = (int)Math.Min(prompt - 1, match.ComputedBytes * tokensPerByte);
        int pending = (int)Math.Min(prompt - 1 - computed, match.PendingBytes * tokensPerByte);
        int cached = computed + (int)(pending * estimates.PendingShare);
        int uncached = prompt - cached;
        double prefill = replica.Factor * estimates.Prefill.Predict(1, uncached, PoolEstimates.Pairs(prompt, cached));
        double later = Math.Min(tuning.MaxLaterRequests, tuning.LaterRequests * Busy / Math.Max(1e-3, 1 - Busy));
        double output = estimates.ExpectedOutput(query.MaxOutputTokens);
        double fill = replica.KvTokens is { } kv ? Math.Clamp((prefixes.Held(replica.Slot) * PromptFingerprint.BlockBytes * tokensPerByte + uncached) / kv, 0, 1) : 0;
        double queue = Math.Max(replica.QueueSeconds(estimates.Prefill, now), MemoryWait(replica, prompt + output));
        double streams = StreamSeconds(replica, prefill + output * estimates.SecondsPerStream, now);
        return new RouteCandidate
        {
            Replica = replica.Description.Replica,
            Weight = weight,
            Requests = replica.Requests,
            PromptTokens = prompt,
            CachedTokens = cached,
            ComputedTokens = computed,
            PendingTokens = pending,
            BlocksSince = match.BlocksSince,
            QueueSeconds = queue,
            PrefillSeconds = prefill,
            SlowdownSeconds = prefill * later + streams,
            StreamSeconds = streams,
            DebtSeconds = replica.DebtNow(SpareShare(replica, query.Class), now) + prefill,
            LatenessSeconds = Lateness(query.Class, queue + prefill, uncached),
            EvictionSeconds = fill >= 0.95 ? tuning.EvictedWanted * uncached * replica.Factor * estimates.Prefill.SecondsPerToken : 0,
        };
    }

    /// <summary>Share of time that a replica can give to prompts while its streams keep the pace that their class promises.</summary>
    public double SpareShare(RoutedReplica replica, ServiceClass? promised)
    {
        if (promised?.TimePerOutputToken is not { TotalSeconds: > 0 } objective)
        {
            return 1;
        }

        return replica.Pace == 0 ? tuning.UnknownSpareShare : Math.Clamp(1 - replica.Pace / ((tuning.PaceMargin - estimates.PaceReserve) * objective.TotalSeconds), 0.1, 1);
    }

    /// <summary>What it costs the streams of a replica, those that are about to begin included, to stand still for so many seconds in all.</summary>
    private double StreamSeconds(RoutedReplica replica, double stall, TimeSpan now)
    {
        double behind = 0, cost = 0;
        for (LinkedListNode<RequestState>? node = replica.Pending.Last; node is not null; node = node.Previous)
        {
            cost += StreamSeconds(node.Value, replica, stall, behind, now);
            behind += replica.Factor * estimates.Prefill.Predict(1, node.Value.UncachedTokens, node.Value.Pairs);
        }

        foreach (RequestState running in replica.Running)
        {
            cost += StreamSeconds(running, replica, stall, behind, now);
        }

        return cost;
    }

    /// <summary>
    /// What standing still costs one stream: the chance that it misses its objective for it. The chance grows with the square of the share that this
    /// takes of the time that the stream has to spare; a stream that is past saving costs nothing.
    /// </summary>
    /// <param name="behind">Seconds of other prompts that will be computed while it runs.</param>
    private double StreamSeconds(RequestState stream, RoutedReplica replica, double stall, double behind, TimeSpan now)
    {
        if (stream.Class?.TimePerOutputToken is not { TotalSeconds: double objective })
        {
            return tuning.StreamStall * stall;
        }

        double tokens = Math.Max(16, estimates.ExpectedOutput(stream.MaxOutputTokens));
        double spent = 0, left = tokens * replica.Pace;
        if (stream.FirstAt is { } first)
        {
            // Nobody counts its tokens, which would take the fleet's lock for each: it made progress whenever no prompt was computed.
            spent = (now - first).TotalSeconds;
            double moving = spent - (replica.PrefillSeconds - stream.PrefillSecondsAtFirst);
            left = Math.Max(0, left - Math.Max(0, moving));
        }

        double spare = objective * (tokens - 1) - spent - left - behind;
        double share = spare <= 0 ? 0 : Math.Min(1, stall / spare);
        return tuning.MissedStreamTokens * objective * share * share;
    }

    /// <summary>What the chance that the first token is late costs: nothing far from the objective, as much as the objective at it.</summary>
    private static double Lateness(ServiceClass? promised, double ttft, int uncachedTokens)
    {
        if (promised?.TimeToFirstToken is null)
        {
            return 0;
        }

        double limit = PromiseRule.Objective(promised, uncachedTokens);
        double share = limit > 0 ? Math.Min(1, ttft / limit) : 1;
        return limit * share * share * share * share;
    }

    /// <summary>Seconds until running requests have left enough KV memory, if there is too little.</summary>
    private static double MemoryWait(RoutedReplica replica, double needed)
    {
        if (replica.KvTokens is not { } tokens || replica.KvTokensInUse + needed <= tokens || replica.KvTokensInUse == 0)
        {
            return 0;
        }

        double missing = Math.Min(replica.KvTokensInUse, replica.KvTokensInUse + needed - tokens);
        return replica.MeanDecodeSeconds * missing / replica.KvTokensInUse;
    }
}
