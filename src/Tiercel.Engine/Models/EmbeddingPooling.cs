namespace Tiercel.Engine.Models;

/// <summary>Makes one unit vector of the hidden states of a text.</summary>
public static class EmbeddingPooling
{
    /// <summary>Pools rows and scales the result to length 1 (a zero vector stays zero).</summary>
    /// <param name="kind">Which rows count.</param>
    /// <param name="rowCount">Rows, at least 1.</param>
    /// <param name="getRow">Hidden state of the i-th token, [embedding length].</param>
    /// <param name="destination">[embedding length].</param>
    public static void Pool(PoolingKind kind, int rowCount, Func<int, ReadOnlySpan<float>> getRow, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rowCount, 1);
        ArgumentNullException.ThrowIfNull(getRow);
        (int first, int count) = kind switch
        {
            PoolingKind.Mean => (0, rowCount),
            PoolingKind.First => (0, 1),
            PoolingKind.Last => (rowCount - 1, 1),
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };

        // Sums in double: the order of the rows is fixed, and thousands of rows lose nothing.
        double[] sums = new double[destination.Length];
        for (int row = first; row < first + count; row++)
        {
            ReadOnlySpan<float> values = getRow(row);
            ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, destination.Length);
            for (int i = 0; i < sums.Length; i++)
            {
                sums[i] += values[i];
            }
        }

        double squares = 0;
        foreach (double sum in sums)
        {
            squares += sum * sum;
        }

        double scale = squares > 0 ? 1 / Math.Sqrt(squares) : 0;
        for (int i = 0; i < sums.Length; i++)
        {
            destination[i] = (float)(sums[i] * scale);
        }
    }
}
