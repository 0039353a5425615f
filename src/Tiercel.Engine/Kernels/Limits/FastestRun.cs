namespace Tiercel.Engine.Kernels.Limits;

/// <summary>Repeats work for a while and takes the fastest run of each part: on a shared machine the others measure the neighbours.</summary>
internal static class FastestRun
{
    private static readonly TimeSpan Enough = TimeSpan.FromMilliseconds(600);

    /// <summary>Seconds of the fastest run.</summary>
    public static double Seconds(TimeProvider time, Action work) => Seconds(time, 1, _ => work());

    /// <summary>Seconds that all parts take, run one after the other again and again, each at its fastest: parts are short enough to go undisturbed.</summary>
    public static double Seconds(TimeProvider time, int parts, Action<int> work)
    {
        long start = time.GetTimestamp();
        double[] best = new double[parts];
        Array.Fill(best, double.MaxValue);
        for (int run = 0; run < 3 || time.GetElapsedTime(start) < Enough; run++)
        {
            for (int part = 0; part < parts; part++)
            {
                long before = time.GetTimestamp();
                work(part);
                best[part] = Math.Min(best[part], time.GetElapsedTime(before).TotalSeconds);
            }
        }

        return best.Sum();
    }
}
