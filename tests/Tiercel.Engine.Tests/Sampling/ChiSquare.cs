namespace Tiercel.Engine.Tests.Sampling;

/// <summary>Pearson's goodness-of-fit test.</summary>
internal static class ChiSquare
{
    /// <summary>
    /// Whether counts fit probabilities at a significance of about 1e-5 (Wilson and Hilferty's normal approximation). Bins with less than five
    /// expected draws are pooled; a draw where the probability is zero never fits.
    /// </summary>
    public static bool IsPlausible(IReadOnlyList<long> counts, IReadOnlyList<double> probabilities)
    {
        double draws = counts.Sum();
        double statistic = 0;
        int bins = 0;
        double pooledCount = 0;
        double pooledExpected = 0;
        for (int i = 0; i < counts.Count; i++)
        {
            double expected = probabilities[i] * draws;
            if (expected == 0 && counts[i] > 0)
            {
                return false;
            }

            if (expected < 5)
            {
                pooledCount += counts[i];
                pooledExpected += expected;
                continue;
            }

            statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
            bins++;
        }

        if (pooledExpected > 1)
        {
            statistic += (pooledCount - pooledExpected) * (pooledCount - pooledExpected) / pooledExpected;
            bins++;
        }

        double freedom = Math.Max(1, bins - 1);
        double z = (Math.Cbrt(statistic / freedom) - (1 - (2 / (9 * freedom)))) / Math.Sqrt(2 / (9 * freedom));
        return z < 4.3;
    }
}
