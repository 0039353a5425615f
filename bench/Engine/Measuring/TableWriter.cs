using System.Globalization;
using Tiercel.Bench.Engine.Rows;

namespace Tiercel.Bench.Engine.Measuring;

/// <summary>The table on the terminal: a line as soon as its row is measured.</summary>
internal static class TableWriter
{
    public static void Header(bool hasPeer)
    {
        Console.WriteLine(hasPeer
            ? $"{"row",-24} {"unit",-6} {"tiercel",9} {"llama.cpp",9} | {"ratio min",9} {"median",7} {"max",7} | {"floor",6} {"target",6} {"",-7} | {"of limit",8} | cpu share own/others"
            : $"{"row",-24} {"unit",-6} {"tiercel",9} {"lowest",9} {"highest",9} | {"of limit",8} | cpu share own/others");
    }

    public static void Line(RowResult result)
    {
        BenchRow row = result.Row;
        string ours = Number(RowResult.Median(result.Tiercel));
        string limit = result.OfLimit is double share ? share.ToString("p0", CultureInfo.InvariantCulture) : "";
        string shares = Shares(result.Tiercel) + (result.Peer.Count > 0 ? "  " + Shares(result.Peer) : "");
        string disturbed = result.DisturbedCount > 0 ? $"  {result.DisturbedCount} of {result.Tiercel.Count + result.Peer.Count} disturbed" : "";
        string others = Others("", result.Tiercel) + Others("peer ", result.Peer);
        if (result.MedianRatio is double median)
        {
            Console.WriteLine(
                $"{row.Id,-24} {row.Unit,-6} {ours,9} {Number(RowResult.Median(result.Peer)),9} | {Number(result.Ratios[0]),9} {Number(median),7} {Number(result.Ratios[^1]),7} | {row.Floor,6} {row.Target,6} {result.Verdict,-7} | {limit,8} | {shares}{disturbed}{others}");
        }
        else
        {
            double[] values = [.. result.Tiercel.Select(sample => sample.Value).Order()];
            Console.WriteLine($"{row.Id,-24} {row.Unit,-6} {ours,9} {Number(values[0]),9} {Number(values[^1]),9} | {limit,8} | {shares}{disturbed}{others}");
        }
    }

    private static string Shares(IReadOnlyList<Sample> samples)
        => string.Create(CultureInfo.InvariantCulture, $"{samples.Average(sample => sample.OwnShare):p0}/{samples.Average(sample => sample.OthersShare):p0}");

    private static string Others(string who, IReadOnlyList<Sample> samples)
        => samples.Count > 0 && samples[^1].Others is { } others
            ? "  " + string.Join(", ", others.Select(entry => $"{who}{entry.Key} {Number(entry.Value)}"))
            : "";

    private static string Number(double value) => Math.Abs(value) switch
    {
        >= 100 => value.ToString("f0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("f1", CultureInfo.InvariantCulture),
        _ => value.ToString("f2", CultureInfo.InvariantCulture),
    };
}
