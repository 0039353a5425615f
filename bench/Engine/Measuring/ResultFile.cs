using System.Globalization;
using System.Text.Json;

namespace Tiercel.Bench.Engine.Measuring;

/// <summary>Raw results as JSON: the machine, then every sample of every row.</summary>
internal static class ResultFile
{
    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true };

    /// <summary>Writes a file whose name says when, and returns its path.</summary>
    public static string Save(string folder, string kind, MachineDescription machine, IReadOnlyList<RowResult> rows)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{kind}-{TimeProvider.System.GetUtcNow():yyyyMMdd-HHmm}.json"));
        var content = new
        {
            Machine = machine,
            Rows = rows.Select(row => new { row.Row.Id, row.Row.Model, row.Row.What, row.Row.Unit, row.Row.Floor, row.Row.Target, row.MedianRatio, row.Ratios, row.OfLimit, row.Tiercel, row.Peer }),
        };
        File.WriteAllText(path, JsonSerializer.Serialize(content, Format) + "\n");
        return path;
    }
}
