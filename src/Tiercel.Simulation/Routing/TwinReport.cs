namespace Tiercel.Simulation.Routing;

/// <summary>What a run gave. Times in seconds.</summary>
internal sealed record TwinReport
{
    public int Requests { get; init; }

    public int Refused { get; init; }

    /// <summary>Share of all requests that were served within both objectives; a refused one was not.</summary>
    public double WithinObjective { get; init; }

    public double TtftMean { get; init; }

    public double TtftP50 { get; init; }

    public double TtftP90 { get; init; }

    public double TtftP99 { get; init; }

    /// <summary>Share of served requests whose first token was late.</summary>
    public double LateFirst { get; init; }

    /// <summary>Share of served requests whose first token was in time, but not the others.</summary>
    public double SlowStream { get; init; }

    /// <summary>Share of the prompt tokens of served requests that the engines had cached.</summary>
    public double CachedShare { get; init; }

    /// <summary>Mean of observed less predicted time to the first token, and mean absolute difference.</summary>
    public double PredictionBias { get; init; }

    public double PredictionError { get; init; }

    /// <summary>Mean of observed less predicted cached tokens, and mean absolute difference.</summary>
    public double CacheBias { get; init; }

    public double CacheError { get; init; }

    /// <summary>Mean share of time that the engines computed prompts.</summary>
    public double PrefillShare { get; init; }
}
