namespace Tiercel.Engine.Models;

/// <summary>
/// Makes one unit vector of the hidden states of a text, one state at a time: a long text never has all of its states in memory. Which states are added is
/// what <see cref="PoolingKind"/> says; several are averaged.
/// </summary>
/// <param name="length">Numbers in a state.</param>
public sealed class EmbeddingPooling(int length)
{
    /// <summary>Sums in double: the order of the rows is fixed, and thousands of rows lose nothing.</summary>
    private readonly double[] _sums = new double[length];

    /// <summary>Adds the state of the next token.</summary>
    /// <param name="state">[length].</param>
    public void Add(ReadOnlySpan<float> state)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(state.Length, _sums.Length);
        for (int i = 0; i < _sums.Length; i++)
        {
            _sums[i] += state[i];
        }
    }

    /// <summary>The direction of the sum, which is that of the mean: length 1 (a zero vector stays zero).</summary>
    public float[] Finish()
    {
        double squares = 0;
        foreach (double sum in _sums)
        {
            squares += sum * sum;
        }

        double scale = squares > 0 ? 1 / Math.Sqrt(squares) : 0;
        return [.. _sums.Select(sum => (float)(sum * scale))];
    }
}
