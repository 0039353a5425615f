using System.Collections.Concurrent;
using System.Diagnostics;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Telemetry;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Fleet;

/// <summary>What users say is in the traces of a running gateway where that is switched on, and nowhere at all where it is not.</summary>
[Collection("telemetry")]
public sealed class ContentCaptureTests
{
    private const string Key = "sk-CANARY-key-77";
    private const string TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string Ask = """{"model":"m","messages":[{"role":"user","content":"CANARY-prompt-77"}]}""";
    private const string AskStream = """{"model":"m","stream":true,"messages":[{"role":"user","content":"CANARY-prompt-77"}]}""";

    [Theory]
    [InlineData(Ask)]
    [InlineData(AskStream)]
    public async Task Switched_on_prompt_and_answer_are_in_the_requests_span_and_the_key_is_not(string ask)
    {
        string[] spans = await SpansAsync(ask, new TelemetrySettings { CaptureContent = true });
        Assert.Contains(spans, tag => tag.EndsWith("""gen_ai.input.messages=[{"role":"user","parts":[{"type":"text","content":"CANARY-prompt-77"}]}]""", StringComparison.Ordinal));
        Assert.Contains(spans, tag => tag.EndsWith("""gen_ai.output.messages=[{"role":"assistant","parts":[{"type":"text","content":"one two"}],"finish_reason":"stop"}]""", StringComparison.Ordinal));
        Assert.Equal(2, spans.Count(tag => tag.Contains(".messages=", StringComparison.Ordinal)));
        Assert.DoesNotContain(spans, tag => tag.Contains(Key, StringComparison.Ordinal) || tag.Contains("cut_bytes", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(Ask)]
    [InlineData(AskStream)]
    public async Task Switched_off_nothing_of_them_is_in_any_span(string ask)
    {
        string[] spans = await SpansAsync(ask, new TelemetrySettings());
        Assert.Contains(spans, tag => tag.Contains("gen_ai.request.model=m", StringComparison.Ordinal));
        Assert.Equal(ask == AskStream, spans.Any(tag => tag.EndsWith("gen_ai.request.stream=True", StringComparison.Ordinal)));
        Assert.DoesNotContain(spans, tag => tag.Contains("CANARY", StringComparison.Ordinal) || tag.Contains("one ", StringComparison.Ordinal) || tag.Contains(".messages", StringComparison.Ordinal));
    }

    private static async Task<string[]> SpansAsync(string ask, TelemetrySettings settings)
    {
        ConcurrentQueue<Activity> ended = new();
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == TelemetryNames.Scope,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using ScriptedUpstream engine = ScriptedAnswers.Sound();
        await using TestFleet fleet = await TestFleet.StartAsync(TestFleet.Of(engine.Settings()) with
        {
            Telemetry = settings,
            Tenants = new Dictionary<string, TenantSettings> { ["acme"] = TestFleet.Tenant("acme", Key) },
        });
        using HttpResponseMessage response = await fleet.PostAsync(ask, key: Key, headers: [("traceparent", $"00-{TraceId}-00f067aa0ba902b7-01")]);
        string answer = await response.Content.ReadAsStringAsync();
        Assert.Contains("two", answer, StringComparison.Ordinal);
        await fleet.UntilIdleAsync();

        // Gateways of other tests may run meanwhile: this trace is ours alone.
        return [.. ended.Where(span => span.TraceId.ToHexString() == TraceId)
            .SelectMany(span => span.TagObjects.Append(new("name", span.DisplayName)).Select(tag => $"{span.DisplayName} {tag.Key}={tag.Value}"))];
    }
}
