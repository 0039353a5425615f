using Tiercel.Bench.Engine.Contenders;

namespace Tiercel.Bench.Engine.Measuring;

/// <summary>Times something short: again and again for a second until its code has been optimised and its data are near, then the median of some.</summary>
internal static class RepeatedTime
{
    private const int Runs = 15;
    private const double WarmupSeconds = 1.5;

    /// <param name="run">Gives the number of tokens.</param>
    public static Figures Milliseconds(Func<int> run)
    {
        long start = Clock.Now;
        int tokens = run();
        double first = Clock.SecondsSince(start);
        while (Clock.SecondsSince(start) < WarmupSeconds)
        {
            run();
        }

        double[] seconds = new double[Runs];
        for (int i = 0; i < Runs; i++)
        {
            long before = Clock.Now;
            run();
            seconds[i] = Clock.SecondsSince(before);
        }

        Array.Sort(seconds);
        return new Figures(1000 * seconds[Runs / 2], new() { ["first ms"] = 1000 * first, ["tokens"] = tokens });
    }
}
