namespace Tiercel.Gateway.Fleet;

/// <summary>An attempt that broke before its answer was whole.</summary>
internal sealed class StreamLoss(Attempt attempt, AttemptEnd end, TimeSpan at)
{
    public Attempt Attempt { get; } = attempt;

    public AttemptEnd End { get; } = end;

    /// <summary>When it broke.</summary>
    public TimeSpan At { get; } = at;

    /// <summary>A resume was taken from the retry budget for it; it is taken once, however often the plan is made.</summary>
    public bool MayResume { get; set; }

    /// <summary>The retry budget has refused it; that is counted once, however often it is asked again.</summary>
    public bool WasRefused { get; set; }
}
