using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Health;
using Tiercel.Gateway.Telemetry;
using Tiercel.Gateway.Upstreams;
using static Tiercel.Gateway.Tests.Telemetry.FleetScenario;

namespace Tiercel.Gateway.Tests.Telemetry;

[Collection("telemetry")]
public class FleetTelemetryTests
{
    private const string Route = "gen_ai_operation_name=\"chat\",gen_ai_provider_name=\"tiercel\",gen_ai_request_model=\"my-model\",tiercel_pool=\"chat\",tiercel_class=\"interactive\"";

    private const string Cloud = "gen_ai_operation_name=\"chat\",gen_ai_provider_name=\"openai\",gen_ai_request_model=\"my-model\",tiercel_pool=\"chat\",tiercel_upstream=\"cloud\"";

    [Fact]
    public void A_request_leaves_what_each_of_its_steps_told()
    {
        using FleetTelemetry fleet = Start();
        Serve(fleet);
        Dictionary<string, double> samples = Samples(fleet);
        Assert.Equal(4, samples[$"gen_ai_server_request_duration_seconds_sum{{{Route}}}"]);
        Assert.Equal(2, samples[$"gen_ai_server_time_to_first_token_seconds_sum{{{Route}}}"]);
        Assert.Equal(0.1, samples[$"gen_ai_server_time_per_output_token_seconds_sum{{{Route}}}"], 6);
        Assert.Equal(1, samples["tiercel_gateway_requests_total{gen_ai_operation_name=\"chat\",gen_ai_request_model=\"my-model\",tiercel_pool=\"chat\",tiercel_class=\"interactive\",tiercel_outcome=\"ok\"}"]);
        Assert.Equal(0.5, samples["tiercel_gateway_queue_time_seconds_sum{tiercel_pool=\"chat\",tiercel_class=\"interactive\"}"]);
        Assert.Equal(1, samples["tiercel_gateway_routing_decisions_total{tiercel_pool=\"chat\",tiercel_policy=\"cost\",tiercel_reason=\"cached_prefix\"}"]);
        Assert.Equal(1, samples["tiercel_gateway_attempts_total{tiercel_pool=\"chat\",tiercel_upstream=\"w1\",tiercel_outcome=\"reset\"}"]);
        Assert.Equal(1, samples["tiercel_gateway_attempts_total{tiercel_pool=\"chat\",tiercel_upstream=\"cloud\",tiercel_outcome=\"success\"}"]);
        Assert.Equal(1, samples["tiercel_gateway_retries_total{tiercel_pool=\"chat\",tiercel_reason=\"reset\"}"]);
        Assert.Equal(3, samples[$"gen_ai_client_operation_duration_seconds_sum{{{Cloud}}}"]);
        Assert.Equal(1, samples[$"gen_ai_client_operation_time_to_first_chunk_seconds_sum{{{Cloud}}}"]);
        Assert.Equal(100, samples[$"gen_ai_client_token_usage_sum{{{Cloud},gen_ai_token_type=\"input\"}}"]);
        Assert.Equal(11, samples[$"gen_ai_client_token_usage_sum{{{Cloud},gen_ai_token_type=\"output\"}}"]);
        Assert.Equal(11, samples["tiercel_gateway_tenant_tokens_total{tiercel_tenant=\"acme\",gen_ai_token_type=\"output\"}"]);
        Assert.Equal(1, samples[$"gen_ai_server_time_to_first_token_seconds_bucket{{{Route},le=\"2.5\"}}"]);
        Assert.Equal(0, samples[$"gen_ai_server_time_to_first_token_seconds_bucket{{{Route},le=\"1\"}}"]);
    }

    [Fact]
    public void The_end_of_a_request_counts_once()
    {
        using FleetTelemetry fleet = Start();
        RequestTelemetry request = Serve(fleet);
        request.Ended(RequestOutcome.Error, 500, "late", new TokenUsage(1, 1, 1), At(9));
        Assert.Equal(1, Samples(fleet).Where(sample => sample.Key.StartsWith("tiercel_gateway_requests_total", StringComparison.Ordinal)).Sum(sample => sample.Value));
    }

    [Fact]
    public void Refusals_lost_streams_and_ejections_are_told_by_reason()
    {
        using FleetTelemetry fleet = Start();
        Refuse(fleet, "queue_full");
        Refuse(fleet, "queue_full");
        Refuse(fleet, "budget_per_day");
        Lose(fleet);
        fleet.Transition(new HealthTransition(1, ReplicaState.Ok, ReplicaState.Ejected, "five failures", At(1)), "chat", "w1");
        fleet.Transition(new HealthTransition(1, ReplicaState.Ejected, ReplicaState.SlowStart, "back", At(2)), "chat", "w1");
        fleet.ConfigurationLoaded(null);
        Dictionary<string, double> samples = Samples(fleet);
        Assert.Equal(2, samples["tiercel_gateway_refusals_total{tiercel_pool=\"chat\",tiercel_class=\"\",tiercel_reason=\"queue_full\"}"]);
        Assert.Equal((2, 1), (fleet.RefusalCounts["queue_full"], fleet.RefusalCounts["budget_per_day"]));
        Assert.Equal(1, samples["tiercel_gateway_resumes_total{tiercel_pool=\"chat\",tiercel_kind=\"fail\",tiercel_reason=\"broken\"}"]);
        Assert.Equal(1, samples["tiercel_gateway_ejections_total{tiercel_pool=\"chat\",tiercel_upstream=\"w1\"}"]);
        Assert.Equal(1, samples["tiercel_gateway_config_loads_total{tiercel_outcome=\"rejected\"}"]);
        Assert.Single(samples, sample => sample.Key.StartsWith("gen_ai_server_request_duration_seconds_count", StringComparison.Ordinal) && sample.Key.Contains("error_type=\"upstream_lost\"", StringComparison.Ordinal));
    }

    [Fact]
    public void Gauges_are_what_the_snapshot_says_now()
    {
        using FleetTelemetry fleet = Start();
        FleetSnapshot? snapshot = null;
        fleet.Observe(() => snapshot);
        Assert.DoesNotContain("tiercel_replica", Metrics(fleet), StringComparison.Ordinal);
        snapshot = Snapshot("ejected");
        Dictionary<string, double> samples = Samples(fleet);
        Assert.Equal(0, samples["tiercel_replica_up{tiercel_pool=\"chat\",tiercel_upstream=\"w1\",tiercel_upstream_kind=\"tiercel\"}"]);
        Assert.Equal(1, samples["tiercel_replica_up{tiercel_pool=\"chat\",tiercel_upstream=\"cloud\",tiercel_upstream_kind=\"openai\"}"]);
        Assert.Equal(1, samples["tiercel_replica_state{tiercel_pool=\"chat\",tiercel_upstream=\"w1\",tiercel_state=\"ejected\"}"]);
        Assert.Equal(0.5, samples["tiercel_replica_cache_hits_ratio{tiercel_pool=\"chat\",tiercel_upstream=\"w1\"}"]);
        Assert.False(samples.ContainsKey("tiercel_replica_cache_hits_ratio{tiercel_pool=\"chat\",tiercel_upstream=\"cloud\"}"));
        Assert.Equal(2, samples["tiercel_gateway_queue_length{tiercel_pool=\"chat\"}"]);
        Assert.Equal(4096, samples["tiercel_gateway_queue_size_bytes{tiercel_pool=\"chat\"}"]);
        Assert.Equal((3, 7, 0), (samples["tiercel_gateway_requests_active"], samples["tiercel_ledger_buffered"], samples["tiercel_ledger_degraded"]));
        Assert.Equal(1, samples["tiercel_gateway_config_info{tiercel_version=\"0123456789ab\"}"]);
    }

    [Fact]
    public void A_gauge_that_is_not_told_again_is_gone()
    {
        Fakes.ManualTime time = new();
        using FleetTelemetry fleet = new(new TelemetrySettings(), time);
        FleetSnapshot snapshot = Snapshot("ejected");
        fleet.Observe(() => snapshot);
        Assert.Contains("tiercel_state=\"ejected\"", Metrics(fleet), StringComparison.Ordinal);
        snapshot = Snapshot("ok");
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.DoesNotContain("tiercel_state=\"ejected\"", Metrics(fleet), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_value_carries_only_the_attributes_of_the_table()
    {
        using FleetTelemetry fleet = Start();
        fleet.Observe(() => Snapshot());
        Serve(fleet);
        Refuse(fleet, "queue_full");
        Lose(fleet);
        fleet.Transition(new HealthTransition(1, ReplicaState.Ok, ReplicaState.Ejected, "", At(1)), "chat", "w1");
        fleet.ConfigurationLoaded(new TelemetrySettings());
        fleet.Answered("/v1/chat/completions", 200);
        string text = Metrics(fleet);
        foreach (MetricName name in TelemetryNames.All)
        {
            string[] lines = [.. text.Split('\n').Where(line => line.StartsWith(name.PrometheusName + "{", StringComparison.Ordinal)
                || line.StartsWith(name.PrometheusName + "_bucket{", StringComparison.Ordinal) || line.StartsWith(name.PrometheusName + " ", StringComparison.Ordinal))];
            Assert.True(lines.Length > 0, $"nothing was told of {name.Name}");
            foreach (string label in lines.Where(line => line.Contains('{', StringComparison.Ordinal)).SelectMany(line => line[(line.IndexOf('{', StringComparison.Ordinal) + 1)..line.LastIndexOf('}')].Split("\",")).Select(pair => pair.Split('=')[0]))
            {
                Assert.Contains(label, name.Attributes.Select(MetricName.Label).Append("le"));
            }
        }
    }

    [Fact]
    public void Tokens_allocate_nothing()
    {
        using FleetTelemetry fleet = Start();
        Serve(fleet);
        RequestTelemetry request = fleet.Begin("chat", null, null, At(0));
        request.Identified("acme", At(0));
        request.Resolved("my-model", "chat", "interactive");
        request.AttemptBegan(Worker, At(0));
        request.Tokens(1, At(1));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++)
        {
            request.Tokens(1, TimeSpan.FromMilliseconds(1000 + i));
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Series_beyond_the_limit_share_one_that_says_so()
    {
        using FleetTelemetry fleet = Start();
        for (int i = 0; i < 5000; i++)
        {
            RequestTelemetry request = fleet.Begin("chat", null, null, At(0));
            request.Resolved($"m{i}", "chat", null);
            request.Ended(RequestOutcome.Ok, 200, null, default, At(1));
        }

        string text = Metrics(fleet);
        Assert.Contains("tiercel_gateway_requests_total{otel_metric_overflow=\"true\"} 3000\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_thousand_tenants_have_names_and_the_others_share_one()
    {
        using FleetTelemetry fleet = Start();
        for (int i = 0; i < 1100; i++)
        {
            RequestTelemetry request = fleet.Begin("chat", null, null, At(0));
            request.Identified($"t{i}", At(0));
            request.Ended(RequestOutcome.Ok, 200, null, default, At(1));
        }

        Assert.Equal(100, Samples(fleet)["tiercel_gateway_tenant_requests_total{tiercel_tenant=\"_other\",tiercel_outcome=\"ok\"}"]);
    }

    [Fact]
    public void Rates_and_quantiles_follow_the_last_seconds()
    {
        using FleetTelemetry fleet = Start();
        for (int i = 0; i < 20; i++)
        {
            Serve(fleet, i);
        }

        FlowView view = fleet.OfReplica("cloud", At(20));
        Assert.InRange(view.OutputTokensPerSecond, 10, 12);
        Assert.InRange(view.InputTokensPerSecond, 90, 110);
        Assert.Equal(0.6, view.CacheHitShare!.Value, 3);
        Assert.InRange(view.TtftP50Seconds!.Value, 0.9, 1.1);
        Assert.InRange(view.TtftP90Seconds!.Value, 0.9, 1.1);
        FlowView tenant = fleet.OfTenant("acme", At(20));
        Assert.Equal(1, tenant.RequestsPerSecond);
        FlowView later = fleet.OfReplica("cloud", At(200));
        Assert.Equal((0, 0), (later.OutputTokensPerSecond, later.InputTokensPerSecond));
        Assert.Null(later.CacheHitShare);
        Assert.Null(later.TtftP50Seconds);
        Assert.Equal(default, fleet.OfReplica("nobody", At(0)));
    }

    private static Dictionary<string, double> Samples(FleetTelemetry fleet) => Metrics(fleet).Split('\n')
        .Where(line => line.Length > 0 && line[0] != '#')
        .ToDictionary(line => line[..line.LastIndexOf(' ')], line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture));
}
