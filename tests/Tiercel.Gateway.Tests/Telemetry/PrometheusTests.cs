using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Tiercel.Gateway.Metering;
using Tiercel.Gateway.Telemetry;
using Tiercel.Gateway.Tests.Fakes;
using Tiercel.Testing;
using static Tiercel.Gateway.Tests.Telemetry.FleetScenario;

namespace Tiercel.Gateway.Tests.Telemetry;

/// <summary>The real Prometheus and its tool are the judges.</summary>
[Collection("telemetry")]
public sealed partial class PrometheusTests
{
    private static readonly string Deploy = Path.Combine(TestFiles.RepositoryRoot, "deploy");

    [Fact]
    public async Task The_text_of_metrics_is_without_fault()
    {
        using FleetTelemetry fleet = Start();
        fleet.Observe(() => Snapshot());
        Serve(fleet);
        Refuse(fleet, "odd \"reason\"\\\n");
        Lose(fleet);
        (int exitCode, string output) = await PrometheusTools.RunToolAsync(["check", "metrics"], Metrics(fleet));
        Assert.Equal((0, ""), (exitCode, output));
    }

    [Fact]
    public async Task The_tool_finds_faults_where_there_are_some()
    {
        (int exitCode, string output) = await PrometheusTools.RunToolAsync(["check", "metrics"], "# TYPE a counter\na 1\n");
        Assert.NotEqual(0, exitCode);
        Assert.Contains("_total", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_alerts_are_rules_and_fire_when_they_should()
    {
        (int exitCode, string output) = await PrometheusTools.RunToolAsync(["check", "rules", Path.Combine(Deploy, "prometheus", "tiercel-alerts.yml")]);
        Assert.True(exitCode == 0, output);
        (exitCode, output) = await PrometheusTools.RunToolAsync(["test", "rules", Path.Combine(Deploy, "prometheus", "tiercel-alerts.test.yml")]);
        Assert.True(exitCode == 0, output);
    }

    [Fact]
    public void Every_alert_has_a_test_in_which_it_fires()
    {
        string rules = File.ReadAllText(Path.Combine(Deploy, "prometheus", "tiercel-alerts.yml"));
        string tests = File.ReadAllText(Path.Combine(Deploy, "prometheus", "tiercel-alerts.test.yml"));
        string[] alerts = [.. Alert().Matches(rules).Select(match => match.Groups["name"].Value)];
        Assert.True(alerts.Length >= 10);
        Assert.Equal([], alerts.Except(Fires().Matches(tests).Select(match => match.Groups["name"].Value)));
    }

    [Fact]
    public void Every_metric_and_label_of_dashboard_and_alerts_is_in_the_table()
    {
        HashSet<string> metrics = [.. TelemetryNames.All.SelectMany(name => name.Kind == MetricKind.Histogram
            ? new[] { $"{name.PrometheusName}_bucket", $"{name.PrometheusName}_sum", $"{name.PrometheusName}_count" }
            : [name.PrometheusName])];
        HashSet<string> labels = [.. TelemetryNames.All.SelectMany(name => name.Attributes).Select(MetricName.Label)];
        foreach (string file in new[] { "grafana/tiercel-gateway.json", "prometheus/tiercel-alerts.yml", "prometheus/tiercel-alerts.test.yml" })
        {
            string text = File.ReadAllText(Path.Combine(Deploy, file));
            string[] words = [.. Word().Matches(text).Select(match => match.Value).Distinct()];
            Assert.True(words.Length > 10);
            Assert.Equal([], words.Where(word => !metrics.Contains(word) && !labels.Contains(word)));
        }
    }

    [Fact]
    public void The_dashboard_shows_every_metric_that_people_look_at()
    {
        string text = File.ReadAllText(Path.Combine(Deploy, "grafana", "tiercel-gateway.json"));
        using JsonDocument dashboard = JsonDocument.Parse(text);
        Assert.Equal("tiercel-gateway", dashboard.RootElement.GetProperty("uid").GetString());
        IEnumerable<string> missing = TelemetryNames.All.Where(name => name != TelemetryNames.ConfigLoads).Select(name => name.PrometheusName)
            .Where(name => !text.Contains(name, StringComparison.Ordinal));
        Assert.Equal([], missing);
    }

    [Fact]
    public async Task A_real_prometheus_scrapes_a_gateway_and_a_worker()
    {
        using FleetTelemetry fleet = Start();
        fleet.Observe(() => Snapshot());
        Serve(fleet);
        await using WebApplication gateway = await ServeAsync(fleet);
        await using TestGateway worker = await TestGateway.StartAsync(new FakeEngine { Answer = "abc" });
        await worker.PostJsonAsync("/v1/completions", """{"prompt":"xy","max_tokens":2}""");
        await worker.UntilIdleAsync();
        using TemporaryFolder folder = new();
        IPEndPoint address = LoopbackAddress.Nobodys();
        File.WriteAllText(folder.File("prometheus.yml"), $$"""
            global: { scrape_interval: 1s, scrape_timeout: 1s }
            rule_files: ["{{Path.Combine(Deploy, "prometheus", "tiercel-alerts.yml")}}"]
            scrape_configs:
              - job_name: tiercel
                scrape_interval: 1s
                static_configs: [ { targets: ["{{new Uri(gateway.Urls.First()).Authority}}", "{{worker.Client.BaseAddress!.Authority}}"] } ]
            """);
        using Process prometheus = PrometheusTools.StartServer(folder.File("prometheus.yml"), folder.File("data"), address);
        try
        {
            using HttpClient http = new() { BaseAddress = new Uri($"http://{address}") };
            await UntilScrapedAsync(http, prometheus);
            Assert.Equal(1, await ValueAsync(http, "sum(tiercel_gateway_requests_total)"));
            Assert.Equal(2, await ValueAsync(http, "sum(tiercel_gateway_queue_length)"));
            Assert.Equal(1, await ValueAsync(http, "sum(vllm:request_success_total)"));
        }
        finally
        {
            prometheus.Kill(entireProcessTree: true);
            await prometheus.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    private static async Task UntilScrapedAsync(HttpClient http, Process prometheus)
    {
        string last = "nothing";
        using CancellationTokenSource watchdog = new(TimeSpan.FromMinutes(2));
        while (!watchdog.IsCancellationRequested && !prometheus.HasExited)
        {
            try
            {
                last = await http.GetStringAsync("/api/v1/targets", watchdog.Token);
                using JsonDocument answer = JsonDocument.Parse(last);
                JsonElement[] targets = [.. answer.RootElement.GetProperty("data").GetProperty("activeTargets").EnumerateArray()];

                // On a busy machine a scrape may take longer than it may; the next one is as good.
                if (targets.Length == 2 && targets.All(target => target.GetProperty("health").GetString() == "up"))
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // It is not up yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, watchdog.Token);
        }

        Assert.Fail($"Prometheus did not scrape; it said: {last}");
    }

    /// <summary>Gives the one value of a query. A target is told to be up a moment before what it said can be asked for.</summary>
    private static async Task<double> ValueAsync(HttpClient http, string query)
    {
        using CancellationTokenSource watchdog = new(TestGateway.Watchdog);
        while (true)
        {
            using JsonDocument answer = JsonDocument.Parse(await http.GetStringAsync($"/api/v1/query?query={Uri.EscapeDataString(query)}"));
            JsonElement[] results = [.. answer.RootElement.GetProperty("data").GetProperty("result").EnumerateArray()];
            if (results.Length > 0)
            {
                return double.Parse(Assert.Single(results).GetProperty("value")[1].GetString()!, System.Globalization.CultureInfo.InvariantCulture);
            }

            Assert.False(watchdog.IsCancellationRequested, $"Prometheus has no value for {query}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    private static async Task<WebApplication> ServeAsync(FleetTelemetry fleet)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel(options => options.Listen(IPAddress.Loopback, 0));
        WebApplication app = builder.Build();
        app.Run(async context =>
        {
            context.Response.ContentType = PrometheusText.ContentType;
            fleet.WritePrometheus(context.Response.BodyWriter);
            await context.Response.BodyWriter.FlushAsync();
        });
        await app.StartAsync();
        return app;
    }

    [GeneratedRegex(@"- alert: (?<name>\w+)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Alert();

    [GeneratedRegex(@"alertname: (?<name>\w+)\s+exp_alerts", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Fires();

    [GeneratedRegex(@"\b(tiercel|gen_ai)_[a-z0-9_]+", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Word();
}
