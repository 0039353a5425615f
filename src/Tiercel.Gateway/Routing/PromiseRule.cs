using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Routing;

/// <summary>Which placements keep the promise of a class, and which requests are refused because none does.</summary>
internal sealed class PromiseRule(RoutingTuning tuning, PoolEstimates estimates)
{
    /// <summary>Those that are predicted to keep the promise; all, if none is.</summary>
    public RouteCandidate[] InTime(RouteCandidate[] candidates, ServiceClass promised)
    {
        int kept = candidates.Count(candidate => IsInTime(candidate, promised));
        return kept == 0 || kept == candidates.Length ? candidates : [.. candidates.Where(candidate => IsInTime(candidate, promised))];
    }

    private bool IsInTime(in RouteCandidate candidate, ServiceClass promised)
        => candidate.TtftSeconds + tuning.Errors * estimates.Error <= Objective(promised, candidate.PromptTokens - candidate.CachedTokens)
            && (promised.TimePerOutputToken is null || candidate.DebtSeconds <= tuning.Burst * Objective(promised, candidate.PromptTokens - candidate.CachedTokens));

    /// <summary>Whether what lies before the prompt takes no more than a share of what the objective leaves for it.</summary>
    private bool LeavesRoom(in RouteCandidate candidate, ServiceClass promised)
    {
        double objective = Objective(promised, candidate.PromptTokens - candidate.CachedTokens);
        double queue = objective - tuning.Errors * estimates.Error - candidate.PrefillSeconds;
        double debt = tuning.Burst * objective - candidate.PrefillSeconds;
        return IsInTime(candidate, promised)
            && candidate.TtftSeconds - candidate.PrefillSeconds <= tuning.AboveShare * queue
            && (promised.TimePerOutputToken is null || candidate.DebtSeconds - candidate.PrefillSeconds <= tuning.AboveShare * debt);
    }

    /// <summary>Why a request should be refused, or null.</summary>
    /// <param name="aboveShare">Its tenant has had more than its share while others ask.</param>
    public string? Refusal(RouteCandidate[] candidates, in RouteCandidate soonest, ServiceClass promised, bool aboveShare)
    {
        double limit = Objective(promised, soonest.PromptTokens - soonest.CachedTokens) - tuning.Errors * estimates.Error;
        if (candidates.Any(candidate => IsInTime(candidate, promised)))
        {
            return aboveShare && !candidates.Any(candidate => LeavesRoom(candidate, promised)) ? "the tenant has had more than its share, and what is left is for others" : null;
        }

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

    public static double Objective(ServiceClass promised, int uncachedTokens)
        => promised.TimeToFirstToken!.Value.TotalSeconds + promised.PerThousandUncached.TotalSeconds * uncachedTokens / 1000;
}
