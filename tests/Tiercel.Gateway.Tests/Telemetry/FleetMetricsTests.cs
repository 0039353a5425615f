using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Telemetry;
using Tiercel.Gateway.Tests.Fakes;
using Tiercel.Gateway.Tests.Fleet;
using Tiercel.Testing;

namespace Tiercel.Gateway.Tests.Telemetry;

/// <summary>What a running gateway tells of itself.</summary>
[Collection("telemetry")]
public sealed class FleetMetricsTests
{
    private const string Ask = """{"model":"m","max_tokens":3,"messages":[{"role":"user","content":"CANARY-prompt-7"}]}""";
    private const string AskStream = """{"model":"m","stream":true,"messages":[{"role":"user","content":"CANARY-prompt-7"}]}""";
    private const string Key = "CANARY-key-7";

    [Fact]
    public async Task Requests_are_in_metrics_and_in_the_picture_of_the_fleet_and_what_was_said_is_not()
    {
        await using ScriptedUpstream engine = ScriptedAnswers.Sound();
        await using TestFleet fleet = await TestFleet.StartAsync(Configuration(engine.Settings() with { Name = "e1" }));
        Assert.Equal(200, (await fleet.PostTextAsync(Ask, key: Key)).Status);
        Assert.Equal(200, (await fleet.PostTextAsync(AskStream, key: Key)).Status);
        Assert.Equal(401, (await fleet.PostTextAsync(Ask, key: "CANARY-wrong-7")).Status);
        Assert.Equal(404, (await fleet.PostTextAsync(Ask.Replace("\"m\"", "\"CANARY-model-7\"", StringComparison.Ordinal), key: Key)).Status);
        await fleet.UntilIdleAsync();
        string metrics = await fleet.Client.GetStringAsync("/metrics");
        foreach (string line in new[]
        {
            "tiercel_gateway_requests_total{gen_ai_operation_name=\"chat\",gen_ai_request_model=\"m\",tiercel_pool=\"p\",tiercel_class=\"\",tiercel_outcome=\"ok\"} 2",
            "tiercel_gateway_attempts_total{tiercel_pool=\"p\",tiercel_upstream=\"e1\",tiercel_outcome=\"success\"} 2",
            "tiercel_gateway_tenant_tokens_total{tiercel_tenant=\"acme\",gen_ai_token_type=\"input\"} 14",
            "tiercel_gateway_tenant_tokens_total{tiercel_tenant=\"acme\",gen_ai_token_type=\"output\"} 6",
            "tiercel_gateway_http_answers_total{http_route=\"/v1/chat/completions\",http_response_status_code=\"401\"} 1",
            "tiercel_replica_up{tiercel_pool=\"p\",tiercel_upstream=\"e1\",tiercel_upstream_kind=\"openai\"} 1",
            "tiercel_gateway_config_info{tiercel_version=\"test\"} 1",
            "tiercel_gateway_requests_active 0",
        })
        {
            Assert.Contains($"\n{line}\n", metrics, StringComparison.Ordinal);
        }

        // A stream has a first token; an answer in one piece has none.
        Assert.Contains("gen_ai_server_time_to_first_token_seconds_count{gen_ai_operation_name=\"chat\",gen_ai_provider_name=\"tiercel\",gen_ai_request_model=\"m\",tiercel_pool=\"p\",tiercel_class=\"\"} 1\n", metrics, StringComparison.Ordinal);
        string picture = await InternalAsync(fleet, "/internal/fleet");
        Assert.DoesNotContain("CANARY", metrics + picture, StringComparison.Ordinal);
        FleetSnapshot snapshot = JsonSerializer.Deserialize(picture, FleetSnapshotJson.Default.FleetSnapshot)!;
        ReplicaSnapshot replica = Assert.Single(Assert.Single(snapshot.Pools).Replicas);
        Assert.Equal(("e1", "openai", "ok", 0, 0), (replica.Name, replica.Kind, replica.State, replica.Running, replica.Waiting));
        Assert.Equal(["acme"], snapshot.Tenants.Select(tenant => tenant.Name));
        (int exitCode, string output) = await PrometheusTools.RunToolAsync(["check", "metrics"], metrics);
        Assert.Equal((0, ""), (exitCode, output));
    }

    [Fact]
    public async Task Refusals_and_failures_are_told_by_their_reasons()
    {
        await using ScriptedUpstream engine = ScriptedAnswers.Engine((connection, _) => connection.SendAsync(ScriptedAnswers.Json("{}", "500 Internal Server Error")));
        TenantSettings tenant = TestFleet.Tenant("acme", Key) with { Limits = new TenantLimitSettings { RequestsPerMinute = 1 } };
        await using TestFleet fleet = await TestFleet.StartAsync(
            TestFleet.Of(engine.Settings() with { Name = "e1" }) with { Tenants = new Dictionary<string, TenantSettings> { ["acme"] = tenant } });
        Assert.InRange((await fleet.PostTextAsync(Ask, key: Key)).Status, 500, 599);
        Assert.Equal(429, (await fleet.PostTextAsync(Ask, key: Key)).Status);
        await fleet.UntilIdleAsync();
        string metrics = await fleet.Client.GetStringAsync("/metrics");
        Assert.Contains("tiercel_gateway_refusals_total{tiercel_pool=\"p\",tiercel_class=\"\",tiercel_reason=\"requests_per_minute\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("tiercel_outcome=\"server_error\"}", metrics, StringComparison.Ordinal);
        Assert.Contains("tiercel_gateway_retries_total{tiercel_pool=\"p\",tiercel_reason=\"server_error\"}", metrics, StringComparison.Ordinal);
        Assert.Contains("tiercel_outcome=\"error\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("tiercel_outcome=\"refused\"} 1\n", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_clients_trace_context_reaches_the_engine()
    {
        ConcurrentQueue<string> requests = new();
        await using ScriptedUpstream engine = ScriptedAnswers.Engine((connection, request) =>
        {
            requests.Enqueue(request);
            return connection.SendAsync(ScriptedAnswers.WholeJson);
        });
        await using TestFleet fleet = await TestFleet.StartAsync(Configuration(engine.Settings()));
        using HttpResponseMessage answer = await fleet.PostAsync(Ask, key: Key, headers: [("traceparent", FleetScenario.TraceParent), ("tracestate", "vendor=1")]);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains($"traceparent: {FleetScenario.TraceParent}\r\n", Assert.Single(requests), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("tracestate: vendor=1\r\n", requests.First(), StringComparison.OrdinalIgnoreCase);
        using HttpResponseMessage other = await fleet.PostAsync(Ask, key: Key, headers: [("traceparent", "nonsense")]);
        Assert.DoesNotContain("traceparent", requests.Last(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_receiver_that_never_answers_holds_up_no_client()
    {
        using TcpListener sink = new(IPAddress.Loopback, 0);
        sink.Start();
        await using ScriptedUpstream engine = ScriptedAnswers.Sound();
        FleetConfiguration configuration = Configuration(engine.Settings()) with
        {
            Telemetry = new TelemetrySettings { OtlpEndpoint = new Uri($"http://{sink.LocalEndpoint}"), TraceShare = 1 },
        };
        await using TestFleet fleet = await TestFleet.StartAsync(configuration);
        Assert.Equal(200, (await fleet.PostTextAsync(Ask, key: Key)).Status);
        using TcpClient stuck = await sink.AcceptTcpClientAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TestGateway.Watchdog * 4, TestContext.Current.CancellationToken);
        byte[] sent = new byte[64];
        Assert.True(await stuck.GetStream().ReadAsync(sent, TestContext.Current.CancellationToken) > 0);
        for (int i = 0; i < 200; i++)
        {
            Assert.Equal(200, (await fleet.PostTextAsync(i % 2 == 0 ? Ask : AskStream, key: Key)).Status);
        }
    }

    private static FleetConfiguration Configuration(UpstreamSettings upstream) =>
        TestFleet.Of(upstream) with { Tenants = new Dictionary<string, TenantSettings> { ["acme"] = TestFleet.Tenant("acme", Key) } };

    private static async Task<string> InternalAsync(TestFleet fleet, string path)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, path) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", TestFleet.Secret) } };
        using HttpResponseMessage answer = await fleet.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return Encoding.UTF8.GetString(await answer.Content.ReadAsByteArrayAsync());
    }
}
