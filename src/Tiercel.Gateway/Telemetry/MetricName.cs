namespace Tiercel.Gateway.Telemetry;

/// <summary>One metric: its name by OpenTelemetry's rules, and all that may be told with it.</summary>
/// <param name="Unit">UCUM: <c>s</c>, <c>By</c>, <c>1</c> for a share, or <c>{what is counted}</c>.</param>
/// <param name="Attributes">Every attribute that a value of it may carry.</param>
internal sealed record MetricName(string Name, MetricKind Kind, string Unit, string Description, params string[] Attributes)
{
    /// <summary>Upper bounds of a histogram's buckets.</summary>
    public double[] Bounds { get; init; } = [];

    /// <summary>The name by Prometheus' rules: unit spelt out, <c>_total</c> for counters.</summary>
    public string PrometheusName
    {
        get
        {
            string unit = Unit switch { "s" => "_seconds", "By" => "_bytes", "1" => Kind == MetricKind.Gauge ? "_ratio" : "", _ => "" };
            string name = Label(Name);
            return $"{name}{(name.EndsWith(unit, StringComparison.Ordinal) ? "" : unit)}{(Kind == MetricKind.Counter ? "_total" : "")}";
        }
    }

    /// <summary>An attribute's name as a label.</summary>
    public static string Label(string attribute) => attribute.Replace('.', '_');
}
