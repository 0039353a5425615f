using System.Globalization;
using System.Text.Json;

namespace Tiercel.Simulation.Routing;

/// <summary>Reads traces: Mooncake's JSON lines, or the CSV of Azure's (time, prompt tokens, answer tokens), whose prompts share nothing.</summary>
internal static class TraceReader
{
    /// <param name="seed">Where in its step of time a request of a coarse trace lies.</param>
    public static TraceRow[] Read(string path, double seconds, int seed = 1)
        => path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) ? ReadAzure(path, seconds) : ReadMooncake(path, seconds, seed);

    private static TraceRow[] ReadMooncake(string path, double seconds, int seed)
    {
        List<TraceRow> rows = [];
        foreach (string line in File.ReadLines(path))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            double at = root.GetProperty("timestamp").GetDouble() / 1000;
            if (at < seconds)
            {
                rows.Add(new TraceRow(
                    at,
                    root.GetProperty("input_length").GetInt32(),
                    Math.Max(1, root.GetProperty("output_length").GetInt32()),
                    [.. root.GetProperty("hash_ids").EnumerateArray().Select(id => id.GetInt32())]));
            }
        }

        return Spread(rows, seed);
    }

    private static TraceRow[] ReadAzure(string path, double seconds)
    {
        List<TraceRow> rows = [];
        DateTime? first = null;
        int block = 0;
        foreach (string line in File.ReadLines(path).Skip(1))
        {
            string[] cells = line.Split(',');
            DateTime time = DateTime.Parse(cells[0], CultureInfo.InvariantCulture);
            first ??= time;
            int tokens = int.Parse(cells[1], CultureInfo.InvariantCulture);
            int[] blocks = [.. Enumerable.Range(block, (tokens + SimulatedEngine.BlockTokens - 1) / SimulatedEngine.BlockTokens)];
            block += blocks.Length;
            if ((time - first.Value).TotalSeconds < seconds)
            {
                rows.Add(new TraceRow((time - first.Value).TotalSeconds, Math.Max(1, tokens), Math.Max(1, int.Parse(cells[2], CultureInfo.InvariantCulture)), blocks));
            }
        }

        return [.. rows];
    }

    /// <summary>A trace that counts in steps of seconds gets its requests spread over each step.</summary>
    private static TraceRow[] Spread(List<TraceRow> rows, int seed)
    {
        double[] times = [.. rows.Select(row => row.At).Distinct().Order()];
        if (times.Length < 2 || times.Length == rows.Count)
        {
            return [.. rows];
        }

        double step = times.Zip(times.Skip(1), (earlier, later) => later - earlier).Min();
        Random random = new(seed);
        return [.. rows
            .GroupBy(row => row.At)
            .SelectMany(group => group.Zip(group.Select(_ => random.NextDouble()).Order().ToArray(), (row, share) => row with { At = row.At + share * step }))
            .OrderBy(row => row.At)];
    }
}
