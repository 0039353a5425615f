using System.Diagnostics;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Telemetry;
using Tiercel.Gateway.Upstreams;
using static Tiercel.Gateway.Tests.Telemetry.FleetScenario;

namespace Tiercel.Gateway.Tests.Telemetry;

[Collection("telemetry")]
public class TraceTests
{
    [Fact]
    public void A_request_is_a_span_with_its_steps_below_it_in_the_clients_trace()
    {
        List<Activity> ended = [];
        using ActivityListener listener = Listen(ended);
        using FleetTelemetry fleet = Start();
        string? sent = null;
        Serve(fleet, traceParent: TraceParent, inTheMiddle: request => sent = request.TraceParent);
        Assert.All(ended, span => Assert.Equal(TraceId, span.TraceId.ToHexString()));
        Activity root = Assert.Single(ended, span => span.Kind == ActivityKind.Server);
        Assert.Equal(("chat my-model", "b7ad6b7169203331"), (root.DisplayName, root.ParentSpanId.ToHexString()));
        Assert.Equal(["tiercel.admit", "tiercel.route", "chat my-model", "tiercel.route", "chat my-model"], ended.Where(span => span != root).Select(span => span.DisplayName));
        Assert.All(ended.Where(span => span != root), span => Assert.Equal(root.SpanId, span.ParentSpanId));
        Activity[] attempts = [.. ended.Where(span => span.Kind == ActivityKind.Client)];
        Assert.Equal([ActivityStatusCode.Error, ActivityStatusCode.Unset], attempts.Select(span => span.Status));
        Assert.Equal("reset", attempts[0].GetTagItem("error.type"));
        Assert.Equal(("tiercel", "openai"), (attempts[0].GetTagItem("gen_ai.provider.name"), attempts[1].GetTagItem("gen_ai.provider.name")));
        Assert.Equal(attempts[1].Id, sent);
        Assert.StartsWith($"00-{TraceId}-", sent, StringComparison.Ordinal);
        Assert.Equal(
            (100, 11, 60, 200, 2, "acme"),
            (root.GetTagItem("gen_ai.usage.input_tokens"), root.GetTagItem("gen_ai.usage.output_tokens"), root.GetTagItem("gen_ai.usage.cache_read.input_tokens"),
                root.GetTagItem("http.response.status_code"), root.GetTagItem("tiercel.tries"), root.GetTagItem("tiercel.tenant")));
    }

    [Fact]
    public void Where_nothing_is_traced_the_clients_context_goes_on_as_it_came()
    {
        using FleetTelemetry fleet = Start();
        RequestTelemetry request = fleet.Begin("chat", TraceParent, "vendor=1", At(0));
        Assert.Equal((TraceParent, "vendor=1"), (request.TraceParent, request.TraceState));
        Assert.Null(fleet.Begin("chat", null, null, At(0)).TraceParent);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("00-00000000000000000000000000000000-b7ad6b7169203331-01")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nx-evil: 1")]
    public void A_context_that_is_not_well_formed_is_not_passed_on(string header)
    {
        using FleetTelemetry fleet = Start();
        RequestTelemetry request = fleet.Begin("chat", header, "a=b", At(0));
        Assert.Null(request.TraceParent);
        Assert.Null(request.TraceState);
    }

    [Fact]
    public void A_state_with_other_characters_is_left_out()
    {
        using FleetTelemetry fleet = Start();
        Assert.Null(fleet.Begin("chat", TraceParent, "a=b\r\nx-evil: 1", At(0)).TraceState);
        Assert.Null(fleet.Begin("chat", TraceParent, new string('a', 600), At(0)).TraceState);
    }

    [Fact]
    public void A_request_leaves_the_ambient_activity_as_it_was()
    {
        List<Activity> ended = [];
        using ActivityListener listener = Listen(ended, traceId: null);
        using FleetTelemetry fleet = Start();
        using Activity ambient = new Activity("the web server's").Start();
        Serve(fleet, traceParent: null);
        Assert.Same(ambient, Activity.Current);
        lock (ended)
        {
            Assert.DoesNotContain(ended, span => span.TraceId == ambient.TraceId);
        }
    }

    [Fact]
    public void Content_is_in_traces_only_when_it_is_switched_on()
    {
        const string Canary = "CANARY-prompt-51";
        foreach (bool capture in new[] { false, true })
        {
            List<Activity> ended = [];
            using ActivityListener listener = Listen(ended);
            using FleetTelemetry fleet = Start(new TelemetrySettings { CaptureContent = capture });
            fleet.Observe(() => Snapshot());
            Serve(fleet, traceParent: TraceParent, inTheMiddle: request =>
            {
                request.Prompt(BodyKind.Chat, "[{\"role\":\"user\",\"content\":\"CANARY-prompt-51\"}]"u8);
                Assert.Equal(capture, request.Answer is not null);
            });
            string spans = string.Join('\n', ended.SelectMany(span => span.TagObjects.Select(tag => $"{span.DisplayName} {tag.Key}={tag.Value}")));
            Assert.Equal(capture, spans.Contains(Canary, StringComparison.Ordinal));
            Assert.DoesNotContain(Canary, Metrics(fleet), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.3)]
    [InlineData(1)]
    public void The_share_of_traces_is_the_one_that_was_asked_for(double share)
    {
        ShareSampler sampler = new(() => share);
        Random random = new(5);
        byte[] id = new byte[16];
        int taken = 0;
        for (int i = 0; i < 10_000; i++)
        {
            random.NextBytes(id);
            ActivityTraceId trace = ActivityTraceId.CreateFromBytes(id);
            OpenTelemetry.Trace.SamplingParameters parameters = new(default, trace, "x", ActivityKind.Server);
            taken += sampler.ShouldSample(parameters).Decision == OpenTelemetry.Trace.SamplingDecision.RecordAndSample ? 1 : 0;
        }

        Assert.InRange(taken, (10_000 * share) - 200, (10_000 * share) + 200);
    }

    private static ActivityListener Listen(List<Activity> ended, string? traceId = TraceId)
    {
        ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == TelemetryNames.Scope,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span =>
            {
                // Gateways of other tests may run meanwhile; their spans are not meant.
                lock (ended)
                {
                    if (traceId is null || span.TraceId.ToHexString() == traceId)
                    {
                        ended.Add(span);
                    }
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}
