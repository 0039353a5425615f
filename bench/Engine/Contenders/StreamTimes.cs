using Tiercel.Bench.Engine.Measuring;

namespace Tiercel.Bench.Engine.Contenders;

/// <summary>When a stream was asked for, and when each of its tokens came.</summary>
internal sealed record StreamTimes(long Start, List<long> Tokens)
{
    /// <summary>The longest wait for a token, in seconds, among those that came within a time (and the first after it).</summary>
    public double WorstGap(long from, long to)
    {
        double worst = 0;
        for (int i = 1; i < Tokens.Count; i++)
        {
            if (Tokens[i] > from && Tokens[i - 1] < to)
            {
                worst = Math.Max(worst, Clock.Seconds(Tokens[i - 1], Tokens[i]));
            }
        }

        return worst;
    }
}
