using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Routing;

/// <summary>Which placements keep the promise of a class, and which requests are refused because none does.</summary>
internal sealed class PromiseRule(RoutingTuning tuning, PoolEstimates estimates)
{
    /// <summary>How far a decision moves the share of refused ones.</summary>
    private const double Newest = 0.01;

    /// <summary>Of late decisions the share that refused because no replica would have been in time.</summary>
    private double _refused;

    /// <summary>Those that are predicted to keep the promise; all, if none is.</summary>
    public RouteCandidate[] InTime(RouteCandidate[] candidates, ServiceClass promised)
    {
        int kept = candidates.Count(candidate => IsInTime(candidate, promised));
        return kept == 0 || kept == candidates.Length ? candidates : [.. candidates.Where(candidate => IsInTime(candidate, promised))];
    }

    private bool IsInTime(in RouteCandidate candidate, ServiceClass promised)
        => candidate.TtftSeconds <= Limit(promised, candidate.PromptTokens - candidate.CachedTokens)
            && (promised.TimePerOutputToken is null || candidate.DebtSeconds <= tuning.Burst * Objective(promised, candidate.PromptTokens - candidate.CachedTokens));

    /// <summary>
    /// Whether what lies before the prompt takes no more than a share of what the objective leaves for it, and the prompt costs the streams that run no more
    /// than that share of one missed stream.
    /// </summary>
    private bool LeavesRoom(in RouteCandidate candidate, ServiceClass promised, double share)
    {
        double objective = Objective(promised, candidate.PromptTokens - candidate.CachedTokens);
        double queue = Limit(promised, candidate.PromptTokens - candidate.CachedTokens) - candidate.PrefillSeconds;
        double debt = tuning.Burst * objective - candidate.PrefillSeconds;
        return IsInTime(candidate, promised)
            && candidate.TtftSeconds - candidate.PrefillSeconds <= share * queue
            && (promised.TimePerOutputToken is null || candidate.DebtSeconds - candidate.PrefillSeconds <= share * debt)
            && (promised.TimePerOutputToken is null || candidate.StreamSeconds <= share * tuning.MissedStreamTokens * promised.TimePerOutputToken.Value.TotalSeconds);
    }

    /// <summary>Why a request should be refused, or null. Remembers how often the answer was that nobody would be in time.</summary>
    /// <param name="aboveShare">As <see cref="RouteQuery.AboveShare"/>.</param>
    public string? Refusal(RouteCandidate[] candidates, in RouteCandidate soonest, ServiceClass promised, double? aboveShare)
    {
        double limit = Limit(promised, soonest.PromptTokens - soonest.CachedTokens);
        if (candidates.Any(candidate => IsInTime(candidate, promised)))
        {
            bool takesRoom = aboveShare is { } given
                && !candidates.Any(candidate => LeavesRoom(candidate, promised, tuning.AboveShare * Math.Pow(Math.Max(tuning.LeastGiven, given), tuning.Flooding)));
            _refused -= takesRoom ? 0 : Newest * _refused;
            return takesRoom ? "the tenant has had more than its share, and what is left is for others" : null;
        }

        _refused += Newest * (1 - _refused);
        if (soonest.TtftSeconds <= limit)
        {
            return "the streams that run would become too slow";
        }

        double idle = candidates.Min(candidate => candidate.PrefillSeconds);
        if (idle <= limit)
        {
            return "the objective would be missed on every replica";
        }

        // It cannot make it anywhere. That is no reason to refuse it, but one to keep it from those who can.
        double queue = candidates.Average(candidate => candidate.QueueSeconds);
        return queue > tuning.IdleQueueShare * limit ? "the prompt alone takes longer than the objective, and the pool is busy" : null;
    }

    /// <summary>Seconds until what was refused could be taken, if nothing else comes.</summary>
    public double RetryAfter(in RouteCandidate soonest, ServiceClass promised)
    {
        double limit = Objective(promised, soonest.PromptTokens - soonest.CachedTokens);
        double late = soonest.TtftSeconds - limit;
        double owed = promised.TimePerOutputToken is null ? 0 : soonest.DebtSeconds - tuning.Burst * limit;
        return Math.Max(0.01, Math.Max(late, owed));
    }

    /// <summary>
    /// Predicted seconds up to which a first token is taken to be in time: the objective less a margin for errors of prediction. Where most are refused, those
    /// that are not are the ones whose prediction was too good, and others wait to take their place, so that the margin is larger. It is bounded: errors are
    /// learnt from what is served, and a gateway that serves nothing would learn nothing any more.
    /// </summary>
    private double Limit(ServiceClass promised, int uncachedTokens)
    {
        double objective = Objective(promised, uncachedTokens);
        return objective - Math.Min(tuning.MaxMargin * objective, (tuning.Errors + tuning.ErrorsWhenRefusing * _refused) * estimates.Error);
    }

    public static double Objective(ServiceClass promised, int uncachedTokens)
        => promised.TimeToFirstToken!.Value.TotalSeconds + promised.PerThousandUncached.TotalSeconds * uncachedTokens / 1000;
}
