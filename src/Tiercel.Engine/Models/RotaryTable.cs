using Tiercel.Engine.Formats;

namespace Tiercel.Engine.Models;

/// <summary>The angles of a rotary encoding, one frequency for each pair.</summary>
internal sealed class RotaryTable
{
    private readonly double[] _frequencies;
    private readonly double _magnitude;

    /// <param name="spec">Scaling.</param>
    /// <param name="length">Floats that are rotated.</param>
    /// <param name="factors">[length / 2] divisors of the frequencies, or null.</param>
    public RotaryTable(RotarySpec spec, int length, float[]? factors)
    {
        _magnitude = spec.Magnitude;
        _frequencies = new double[length / 2];
        (double low, double high) = YarnRamp(spec, length);
        for (int i = 0; i < _frequencies.Length; i++)
        {
            double factor = factors?[i] ?? 1;
            if (factor is not > 0)
            {
                throw new ModelFormatException($"tensor '{spec.FactorsTensor}' holds {factor} at {i}; rotary factors must be above 0");
            }

            double original = Math.Pow(spec.FrequencyBase, -2.0 * i / length) / factor;

            // YaRN keeps fast pairs as trained, stretches slow ones, and mixes in between.
            double ramp = 1 - Math.Clamp((i - low) / Math.Max(0.001, high - low), 0, 1);
            double kept = ramp * spec.YarnMix;
            _frequencies[i] = original * ((spec.FrequencyScale * (1 - kept)) + kept);
        }
    }

    /// <summary>Cosines, then sines, of all pairs at a position.</summary>
    /// <param name="destination">[length].</param>
    public void Fill(int position, Span<float> destination)
    {
        Span<float> cosines = destination[.._frequencies.Length];
        Span<float> sines = destination.Slice(_frequencies.Length, _frequencies.Length);
        for (int i = 0; i < _frequencies.Length; i++)
        {
            (double sine, double cosine) = Math.SinCos(position * _frequencies[i]);
            cosines[i] = (float)(cosine * _magnitude);
            sines[i] = (float)(sine * _magnitude);
        }
    }

    /// <summary>Pairs between which YaRN's ramp runs: where a pair turns beta times over the original context.</summary>
    private static (double Low, double High) YarnRamp(RotarySpec spec, int length)
    {
        double Pair(double beta) => length * Math.Log(spec.OriginalContextLength / (beta * 2 * Math.PI)) / (2 * Math.Log(spec.FrequencyBase));
        double low = Math.Max(0, Math.Floor(Pair(spec.YarnBetaFast)));
        double high = Math.Min(length - 1, Math.Ceiling(Pair(spec.YarnBetaSlow)));
        return (low, high);
    }
}
