using System.Text.RegularExpressions;
using Tiercel.Gateway.Telemetry;

namespace Tiercel.Gateway.Tests.Telemetry;

public partial class TelemetryNamesTests
{
    private static readonly double[] Operation = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

    /// <summary>Written down a second time from the conventions, so that a slip of a key in the table is noticed.</summary>
    [Fact]
    public void The_names_of_the_conventions_are_theirs_with_unit_and_buckets()
    {
        (string Name, string Unit, double[] Bounds)[] conventions =
        [
            ("gen_ai.server.request.duration", "s", Operation),
            ("gen_ai.server.time_to_first_token", "s", [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]),
            ("gen_ai.server.time_per_output_token", "s", [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5]),
            ("gen_ai.client.operation.duration", "s", Operation),
            ("gen_ai.client.operation.time_to_first_chunk", "s", Operation),
            ("gen_ai.client.token.usage", "{token}", [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864]),
        ];
        Assert.Equal(
            conventions.OrderBy(one => one.Name, StringComparer.Ordinal).Select(one => $"{one.Name} {one.Unit} {string.Join(',', one.Bounds)}"),
            TelemetryNames.All.Where(name => name.Name.StartsWith("gen_ai.", StringComparison.Ordinal)).OrderBy(name => name.Name, StringComparer.Ordinal)
                .Select(name => $"{name.Name} {name.Unit} {string.Join(',', name.Bounds)}"));
        Assert.All(
            TelemetryNames.All.Where(name => name.Name.StartsWith("gen_ai.", StringComparison.Ordinal)),
            name => Assert.Contains(TelemetryNames.ProviderName, name.Attributes));
    }

    [Fact]
    public void Every_name_is_there_once_and_good_for_prometheus()
    {
        Assert.Equal(TelemetryNames.All.Count, TelemetryNames.All.Select(name => name.PrometheusName).Distinct().Count());
        Assert.All(TelemetryNames.All, name =>
        {
            Assert.Matches(MetricPattern(), name.PrometheusName);
            Assert.Equal(name.Kind == MetricKind.Histogram, name.Bounds.Length > 0);
            Assert.Equal(name.Bounds.Order(), name.Bounds);
            Assert.EndsWith(".", name.Description, StringComparison.Ordinal);
        });
    }

    [GeneratedRegex("^[a-z][a-z0-9_]*$", RegexOptions.CultureInvariant)]
    private static partial Regex MetricPattern();
}
