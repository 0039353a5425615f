namespace Tiercel.Engine.Models;

/// <summary>The rows of one sequence in a step: positions <paramref name="Start"/> to <paramref name="Start"/> + <paramref name="RowCount"/> - 1.</summary>
/// <param name="FirstRow">Index of its first row in the batch.</param>
/// <param name="RowCount">Rows, at least 1.</param>
/// <param name="Start">Position of the first row; keys and values of all earlier positions are in the cache, or written by other rows of this step.</param>
/// <param name="Blocks">Cache block of positions [i * blockSize, (i + 1) * blockSize); covers every position up to the last row. Empty for encoders.</param>
public readonly record struct StepSequence(int FirstRow, int RowCount, int Start, IReadOnlyList<int> Blocks);
