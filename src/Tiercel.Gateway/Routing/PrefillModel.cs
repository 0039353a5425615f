namespace Tiercel.Gateway.Routing;

/// <summary>
/// Learns how long a prompt occupies a replica: seconds = a + b * tokens + c * pairs, from the times between first tokens. Least squares that forget
/// slowly, with coefficients that are never negative, starting at the profile. One for a pool; what differs between its replicas is in their factors.
/// </summary>
internal sealed class PrefillModel
{
    private const int Terms = 3;

    /// <summary>Half of the weight is lost after about 140 prompts.</summary>
    private const double Forgetting = 0.995;

    /// <summary>Prompts that the profile it starts from counts for.</summary>
    private const double PriorWeight = 4;
    private const double LargestSurprise = 5;
    private const int Sweeps = 8;

    // Units that bring the terms to one magnitude.
    private const double TokenUnit = 1024;
    private const double PairUnit = 1024 * 1024 * 8;

    private readonly double[] _coefficients = new double[Terms];
    private readonly double[] _moments = new double[Terms * Terms];
    private readonly double[] _targets = new double[Terms];
    private double _scaleOfPrior = 1;
    private long _samples;

    public PrefillModel(ReplicaProfile profile)
    {
        _coefficients[0] = profile.DecodeBaseSeconds;
        _coefficients[1] = profile.PrefillSecondsPerToken * TokenUnit;
        _coefficients[2] = profile.PrefillSecondsPerPair * PairUnit;
    }

    /// <summary>Seconds for one more prompt token.</summary>
    public double SecondsPerToken => _coefficients[1] / TokenUnit;

    /// <summary>Seconds that prompts of so many tokens and pairs take together.</summary>
    /// <param name="pairs">Sum over computed tokens of the positions each attends to.</param>
    public double Predict(double prompts, double tokens, double pairs)
        => prompts * _coefficients[0] + tokens / TokenUnit * _coefficients[1] + pairs / PairUnit * _coefficients[2];

    public void Learn(double tokens, double pairs, double seconds)
    {
        if (!(seconds >= 0) || tokens < 0)
        {
            return;
        }

        double expected = Math.Max(Predict(1, tokens, pairs), 1e-6);
        if (_samples++ == 0)
        {
            // The profile may be wrong by orders of magnitude: its proportions are kept, the first prompt gives its scale.
            _scaleOfPrior = Math.Clamp(seconds / expected, 1e-4, 1e4);
            for (int i = 0; i < Terms; i++)
            {
                _coefficients[i] *= _scaleOfPrior;
            }

            AddPrior();
            expected = Math.Max(seconds, 1e-6);
        }

        seconds = Math.Min(seconds, expected * LargestSurprise);
        for (int i = 0; i < _moments.Length; i++)
        {
            _moments[i] *= Forgetting;
        }

        for (int i = 0; i < Terms; i++)
        {
            _targets[i] *= Forgetting;
        }

        // Noise grows with the square root of the work, as it is made of independent disturbances.
        Accumulate([1, tokens / TokenUnit, pairs / PairUnit], seconds, 1 / expected);
        Solve();
    }

    private void AddPrior()
    {
        double[] tokens = [0.25, 4];
        foreach (double each in tokens)
        {
            double[] row = [1, each, each * each / 16];
            double seconds = row[0] * _coefficients[0] + row[1] * _coefficients[1] + row[2] * _coefficients[2];
            Accumulate(row, seconds, PriorWeight / 2 / Math.Max(seconds, 1e-6));
        }
    }

    private void Accumulate(ReadOnlySpan<double> row, double seconds, double weight)
    {
        for (int i = 0; i < Terms; i++)
        {
            for (int j = 0; j < Terms; j++)
            {
                _moments[i * Terms + j] += weight * row[i] * row[j];
            }

            _targets[i] += weight * row[i] * seconds;
        }
    }

    /// <summary>Coordinate descent, from where the last one ended.</summary>
    private void Solve()
    {
        for (int sweep = 0; sweep < Sweeps; sweep++)
        {
            for (int i = 0; i < Terms; i++)
            {
                double diagonal = _moments[i * Terms + i];
                if (diagonal <= 0)
                {
                    continue;
                }

                double rest = _targets[i];
                for (int j = 0; j < Terms; j++)
                {
                    rest -= j == i ? 0 : _moments[i * Terms + j] * _coefficients[j];
                }

                _coefficients[i] = Math.Max(0, rest / diagonal);
            }
        }
    }
}
