using System.Globalization;

namespace Tiercel.Bench.Engine.Measuring;

/// <summary>Who used the processors between two moments, in shares of what the machine has: the process measured, and everybody else (stolen time counts as them).</summary>
internal readonly record struct CpuShare(double Own, double Others)
{
    /// <summary>Ticks a second of Linux' process times.</summary>
    private const double TicksPerSecond = 100;

    /// <summary>Times so far; zero where the system does not tell.</summary>
    public static (double Own, double Busy, long Time) Take(int process, int? excluded)
    {
        double own = ProcessTicks(process);
        string? total = File.Exists("/proc/stat") ? File.ReadLines("/proc/stat").First() : null;
        double[] ticks = total is null ? [] : [.. total.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(word => double.Parse(word, CultureInfo.InvariantCulture))];
        // user nice system idle iowait irq softirq steal; guest times are in user already.
        double busy = ticks.Length < 8 ? own : ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6] + ticks[7];
        return (own, busy - (excluded is int other ? ProcessTicks(other) : 0), Clock.Now);
    }

    public static CpuShare Between((double Own, double Busy, long Time) from, (double Own, double Busy, long Time) to)
    {
        double all = Clock.Seconds(from.Time, to.Time) * TicksPerSecond * Environment.ProcessorCount;
        double own = to.Own - from.Own;
        return all <= 0 ? default : new CpuShare(own / all, Math.Max(0, to.Busy - from.Busy - own) / all);
    }

    private static double ProcessTicks(int process)
    {
        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat");
        if (!File.Exists(path))
        {
            return 0;
        }

        // The name, in brackets, may hold spaces; utime and stime are fields 14 and 15.
        string text = File.ReadAllText(path);
        string[] fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture);
    }
}
