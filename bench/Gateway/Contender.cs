using System.Diagnostics;
using System.Globalization;

namespace Tiercel.Bench.Gateway;

/// <summary>A way to the upstream: its port, the fields its requests need, and the processes behind it.</summary>
internal sealed record Contender(string Name, int Port, string Fields, Process? Process) : IDisposable
{
    /// <summary>Clock ticks a second of /proc, on every Linux that .NET runs on.</summary>
    private const double TicksPerSecond = 100;

    /// <summary>CPU seconds, user and system, of the process and its children.</summary>
    public double CpuSeconds() => Processes().Sum(id =>
    {
        string stat = File.ReadAllText($"/proc/{id}/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    });

    /// <summary>Resident megabytes of the process and its children.</summary>
    public double ResidentMegabytes() => Processes().Sum(id =>
        File.ReadLines($"/proc/{id}/status").First(line => line.StartsWith("VmRSS", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1] is string kilobytes
            ? double.Parse(kilobytes, CultureInfo.InvariantCulture) / 1024
            : 0);

    public void Dispose()
    {
        if (Process is not null)
        {
            Process.Kill(entireProcessTree: true);
            Process.WaitForExit();
            Process.Dispose();
        }
    }

    private List<int> Processes()
    {
        List<int> ids = [];
        if (Process is not null)
        {
            ids.Add(Process.Id);
            string children = $"/proc/{Process.Id}/task/{Process.Id}/children";
            ids.AddRange(File.ReadAllText(children).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(id => int.Parse(id, CultureInfo.InvariantCulture)));
        }

        return ids;
    }
}
