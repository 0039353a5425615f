namespace Tiercel.Engine.Scheduling;

/// <summary>
/// Learns how long a step takes: seconds = a + b * rows + c * attended pairs of positions. Least squares, forgetting slowly, with
/// coefficients that are never negative. A step weighs as if the noise of its time grew with the square root of it, so that neither the
/// long nor the short ones decide alone.
/// </summary>
internal sealed class StepCostModel
{
    private const int Terms = 3;

    // Old steps lose half of their weight in about 23 steps: a machine that slows down is noticed within seconds.
    public const double Forgetting = 0.97;

    // One pause of the collector or of the machine must not look like a hundred slow rows.
    private const double LargestSurprise = 3;
    private const int Warmup = 3;
    private const int Sweeps = 24;

    // Units that bring the three terms to one magnitude.
    private const double RowUnit = 64;
    private const double PairUnit = 65536;

    private readonly double[] _coefficients = new double[Terms];
    private readonly double[] _moments = new double[Terms * Terms];
    private readonly double[] _targets = new double[Terms];
    private long _samples;

    public bool HasLearnt => _samples > 0;

    /// <summary>Seconds a step of this size is expected to take.</summary>
    /// <param name="pairs">Sum over the rows of the positions each attends to.</param>
    public double Predict(double rows, double pairs) =>
        _coefficients[0] + _coefficients[1] * rows / RowUnit + _coefficients[2] * pairs / PairUnit;

    /// <summary>Seconds one more row takes that attends to <paramref name="context"/> positions.</summary>
    public double PredictRow(double context) => _coefficients[1] / RowUnit + _coefficients[2] * context / PairUnit;

    /// <summary>Rows that can be had for some seconds, evenly from several sequences, each row attending to all before it in its own.</summary>
    /// <param name="context">Positions before the first of them, on average.</param>
    /// <param name="most">No more are wanted.</param>
    public double RowsFor(double seconds, double context, int sequences, double most)
    {
        // rows * (row + pair * (context + rows / sequences / 2)) = seconds
        double perRow = PredictRow(context);
        double growth = _coefficients[2] / PairUnit / (2 * Math.Max(sequences, 1));
        if (seconds <= 0 || (perRow <= 0 && growth <= 0))
        {
            return seconds <= 0 ? 0 : most;
        }

        // The root in the form that stays exact where growth is nothing.
        return Math.Min(most, 2 * seconds / (perRow + Math.Sqrt((perRow * perRow) + (4 * growth * seconds))));
    }

    public void Learn(double rows, double pairs, double seconds)
    {
        if (rows <= 0 || !(seconds > 0) || double.IsInfinity(seconds))
        {
            return;
        }

        if (_samples++ == 0)
        {
            // All of the first step is put down to its rows, which errs towards short chunks.
            _coefficients[1] = seconds * RowUnit / rows;
        }

        // Where all is forgotten to zero there is nothing to compare with.
        double expected = Math.Max(Predict(rows, pairs), seconds * 1e-3);
        if (_samples > Warmup)
        {
            seconds = Math.Clamp(seconds, expected / LargestSurprise, expected * LargestSurprise);
        }

        Accumulate([1, rows / RowUnit, pairs / PairUnit], seconds, weight: 1 / expected);
        Solve();
    }

    private void Accumulate(ReadOnlySpan<double> terms, double seconds, double weight)
    {
        for (int i = 0; i < Terms; i++)
        {
            for (int j = 0; j < Terms; j++)
            {
                _moments[i * Terms + j] = Forgetting * _moments[i * Terms + j] + weight * terms[i] * terms[j];
            }

            _targets[i] = Forgetting * _targets[i] + weight * terms[i] * seconds;
        }
    }

    /// <summary>
    /// Gauss-Seidel on the normal equations from the last solution, each coefficient kept at zero or above. Where the steps seen do not
    /// tell two terms apart (rows of equal number), the solution stays near the last one instead of running away.
    /// </summary>
    private void Solve()
    {
        for (int sweep = 0; sweep < Sweeps; sweep++)
        {
            for (int i = Terms - 1; i >= 0; i--)
            {
                double rest = _targets[i];
                for (int j = 0; j < Terms; j++)
                {
                    rest -= j == i ? 0 : _moments[i * Terms + j] * _coefficients[j];
                }

                double own = _moments[i * Terms + i];
                _coefficients[i] = own > 0 ? Math.Max(0, rest / own) : _coefficients[i];
            }
        }
    }
}
