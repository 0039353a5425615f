using Tiercel.Bench.Engine.Rows;

namespace Tiercel.Bench.Engine.Measuring;

/// <summary>All measurements of a row, in the order in which they were made: pairs where there is a peer.</summary>
internal sealed record RowResult(BenchRow Row, IReadOnlyList<Sample> Tiercel, IReadOnlyList<Sample> Peer, double? OfLimit)
{
    /// <summary>Ratios of the pairs, ascending.</summary>
    public IReadOnlyList<double> Ratios { get; } = [.. Tiercel.Zip(Peer, (ours, theirs) => ours.Value / theirs.Value).Order()];

    public double? MedianRatio => Ratios.Count == 0 ? null : Middle(Ratios);

    public int DisturbedCount => Tiercel.Concat(Peer).Count(sample => sample.Disturbed);

    public string Verdict => (Row.Absolute ? Median(Tiercel) : MedianRatio) is not double figure ? ""
        : Reaches(figure, Row.Target) ? "target" : Reaches(figure, Row.Floor) ? "floor" : "MISSED";

    public static double Median(IReadOnlyList<Sample> samples) => Middle([.. samples.Select(sample => sample.Value).Order()]);

    /// <summary>Of two in the middle their mean.</summary>
    private static double Middle(IReadOnlyList<double> sorted) => (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;

    private bool Reaches(double figure, double wanted) => Row.LessIsBetter ? figure <= wanted : figure >= wanted;
}
