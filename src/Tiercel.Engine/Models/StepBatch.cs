namespace Tiercel.Engine.Models;

/// <summary>
/// One forward step over ragged rows: every row is one token of one sequence at one position. Rows of a sequence are adjacent and in order.
/// Made once and refilled for each step.
/// </summary>
public sealed class StepBatch
{
    /// <summary>Token of each row.</summary>
    public List<int> Tokens { get; } = [];

    /// <summary>Position of each row in its sequence.</summary>
    public List<int> Positions { get; } = [];

    public List<StepSequence> Sequences { get; } = [];

    /// <summary>Rows whose result is wanted, ascending, each with its kind.</summary>
    public List<(int Row, StepOutputKind Kind)> Outputs { get; } = [];

    public void Clear()
    {
        Tokens.Clear();
        Positions.Clear();
        Sequences.Clear();
        Outputs.Clear();
    }
}
