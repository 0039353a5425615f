using System.Buffers;
using System.Text;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Health;
using Tiercel.Gateway.Recovery;
using Tiercel.Gateway.Telemetry;
using Tiercel.Gateway.Tests.Fakes;
using Tiercel.Gateway.Upstreams;

namespace Tiercel.Gateway.Tests.Telemetry;

/// <summary>Requests that tell their steps, as the request path does it.</summary>
internal static class FleetScenario
{
    public const string TraceId = "0af7651916cd43dd8448eb211c80319c";

    public const string TraceParent = $"00-{TraceId}-b7ad6b7169203331-01";

    public static UpstreamSettings Worker { get; } = new() { Name = "w1", Kind = UpstreamKind.Tiercel, Url = new Uri("http://10.0.0.1:8081") };

    public static UpstreamSettings Cloud { get; } = new() { Name = "cloud", Kind = UpstreamKind.OpenAI, Url = new Uri("https://api.example.com"), Model = "gpt-x" };

    public static FleetTelemetry Start(TelemetrySettings? settings = null, TimeSpan? otlpInterval = null) => new(settings ?? new TelemetrySettings(), new ManualTime(), otlpInterval);

    public static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);

    /// <summary>Waits half a second in the queue, fails on the worker, and is answered by the cloud: 11 tokens, the first after two seconds, then one each 0.1 s.</summary>
    public static RequestTelemetry Serve(FleetTelemetry fleet, double start = 0, string? traceParent = null, string model = "my-model", Action<RequestTelemetry>? inTheMiddle = null)
    {
        RequestTelemetry request = fleet.Begin("chat", traceParent, null, At(start));
        request.Identified("acme", At(start));
        request.Resolved(model, "chat", "interactive");
        request.AdmitBegan();
        request.Admitted(At(0.5));
        request.Routed(RoutingPolicyKind.Cost, "cached_prefix", Worker, At(0.3));
        request.AttemptBegan(Worker, At(start + 0.5));
        request.AttemptEnded(AttemptOutcome.Reset, null, At(start + 1));
        request.Retried(AttemptOutcome.Reset);
        request.Routed(RoutingPolicyKind.Cost, "least_cost", Cloud, At(0.3));
        request.AttemptBegan(Cloud, At(start + 1));
        inTheMiddle?.Invoke(request);
        for (int i = 0; i <= 10; i++)
        {
            request.Tokens(1, At(start + 2 + (i * 0.1)));
        }

        request.AttemptEnded(AttemptOutcome.Success, new TokenUsage(100, 60, 11), At(start + 4));
        request.Ended(RequestOutcome.Ok, 200, null, new TokenUsage(100, 60, 11), At(start + 4));
        return request;
    }

    public static void Refuse(FleetTelemetry fleet, string reason)
    {
        RequestTelemetry request = fleet.Begin("chat", null, null, At(0));
        request.Identified("acme", At(0));
        request.Resolved("my-model", "chat", null);
        request.AdmitBegan();
        request.Refused(reason);
        request.Ended(RequestOutcome.Refused, 429, null, default, At(0.001));
    }

    public static void Lose(FleetTelemetry fleet)
    {
        RequestTelemetry request = fleet.Begin("chat", null, null, At(0));
        request.Identified("acme", At(0));
        request.Resolved("my-model", "chat", null);
        request.Admitted(TimeSpan.Zero);
        request.AttemptBegan(Worker, At(0));
        request.Tokens(3, At(1));
        request.Resumed(ResumeKind.Fail, StreamFailure.Broken);
        request.Ended(RequestOutcome.Error, 200, "upstream_lost", new TokenUsage(10, 0, 3), At(2));
    }

    public static FleetSnapshot Snapshot(string state = "ok") => new()
    {
        ConfigVersion = "0123456789ab",
        ActiveRequests = 3,
        Ledger = new LedgerSnapshot { Buffered = 7 },
        Pools =
        [
            new PoolSnapshot
            {
                Name = "chat",
                QueueLength = 2,
                QueueBytes = 4096,
                Replicas =
                [
                    new ReplicaSnapshot { Name = "w1", Kind = "tiercel", State = state, Running = 4, Waiting = 1, CacheHitShare = 0.5, PredictedQueueSeconds = 0.25 },
                    new ReplicaSnapshot { Name = "cloud", Kind = "openai" },
                ],
            },
        ],
    };

    public static string Metrics(FleetTelemetry fleet)
    {
        ArrayBufferWriter<byte> output = new();
        fleet.WritePrometheus(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
