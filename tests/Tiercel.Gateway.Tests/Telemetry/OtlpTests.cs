using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Telemetry;
using Tiercel.Gateway.Upstreams;
using static Tiercel.Gateway.Tests.Telemetry.FleetScenario;

namespace Tiercel.Gateway.Tests.Telemetry;

[Collection("telemetry")]
public class OtlpTests
{
    internal static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Traces_and_metrics_arrive_at_a_receiver_without_prompts_or_keys()
    {
        const string Canary = "CANARY-otlp-88";
        ConcurrentDictionary<string, ConcurrentQueue<string>> received = new();
        await using WebApplication receiver = await ReceiverAsync(received);
        Uri address = new(receiver.Urls.First());
        using (FleetTelemetry fleet = Start(new TelemetrySettings { OtlpEndpoint = address, TraceShare = 1 }, Interval))
        {
            Serve(fleet, inTheMiddle: request => request.Prompt(BodyKind.Completion, Encoding.UTF8.GetBytes($"\"{Canary}\"")));
            await UntilAsync(() => Contains(received, "/v1/traces", "chat my-model") && Contains(received, "/v1/metrics", "gen_ai.server.time_to_first_token"));
        }

        Assert.True(Contains(received, "/v1/traces", "tiercel-gateway"));
        Assert.True(Contains(received, "/v1/traces", "tiercel.admit"));
        Assert.DoesNotContain(received.Values.SelectMany(bodies => bodies), body => body.Contains(Canary, StringComparison.Ordinal));
        Assert.Equal(["/v1/metrics", "/v1/traces"], received.Keys.Order());
    }

    [Fact]
    public async Task A_share_of_nothing_traces_nothing_but_what_a_client_decided()
    {
        ConcurrentDictionary<string, ConcurrentQueue<string>> received = new();
        await using WebApplication receiver = await ReceiverAsync(received);
        using FleetTelemetry fleet = Start(new TelemetrySettings { OtlpEndpoint = new Uri(receiver.Urls.First()), TraceShare = 0 }, Interval);
        for (int i = 0; i < 100; i++)
        {
            Serve(fleet, model: "unsampled");
        }

        string? sent = null;
        Serve(fleet, model: "unsampled", inTheMiddle: request => sent = request.TraceParent);
        Assert.EndsWith("-00", sent, StringComparison.Ordinal);
        Serve(fleet, traceParent: TraceParent, model: "sampled");
        await UntilAsync(() => Contains(received, "/v1/traces", "chat sampled"));
        Assert.False(Contains(received, "/v1/traces", "chat unsampled"));
    }

    private static bool Contains(ConcurrentDictionary<string, ConcurrentQueue<string>> received, string path, string text) =>
        received.TryGetValue(path, out ConcurrentQueue<string>? bodies) && bodies.Any(body => body.Contains(text, StringComparison.Ordinal));

    internal static async Task UntilAsync(Func<bool> condition)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Patience, "what is waited for did not come");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    private static async Task<WebApplication> ReceiverAsync(ConcurrentDictionary<string, ConcurrentQueue<string>> received)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel(options => options.Listen(IPAddress.Loopback, 0));
        WebApplication app = builder.Build();
        app.Run(async context =>
        {
            using MemoryStream body = new();
            await context.Request.Body.CopyToAsync(body);
            received.GetOrAdd(context.Request.Path, _ => []).Enqueue(Encoding.Latin1.GetString(body.ToArray()));
        });
        await app.StartAsync();
        return app;
    }
}
