namespace Tiercel.Engine.Scheduling;

/// <summary>
/// Rows of one sequence in a step: tokens <paramref name="Start"/> to <paramref name="Start"/> + <paramref name="Count"/> - 1.
/// </summary>
/// <param name="Sequence">Whose rows.</param>
/// <param name="Start">Position of the first row.</param>
/// <param name="Count">Rows.</param>
/// <param name="IsLast">Whether the chunk reaches the sequence's last token, so that the next one can be sampled.</param>
public readonly record struct PlannedChunk(Sequence Sequence, int Start, int Count, bool IsLast)
{
    /// <summary>Position after the last row.</summary>
    public int End => Start + Count;

    /// <summary>
    /// Position of the first row whose result is wanted; all later rows of the chunk are wanted too. Equals <see cref="End"/> where none
    /// is. The step's
    /// <see cref="SchedulerOptions.MaxOutputs"/> is counted by this.
    /// </summary>
    public int FirstOutput { get; init; } = IsLast ? Start + Count - 1 : Start + Count;
}
