using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Fleet;

/// <summary>The engine of the process as one upstream among others.</summary>
public sealed class EmbeddedEngineTests
{
    private static readonly UpstreamSettings Embedded = new() { Name = "here", Kind = UpstreamKind.Embedded };

    [Fact]
    public async Task It_answers_whole_and_streamed_like_any_upstream()
    {
        FakeEngine engine = new() { Answer = "Hello!" };
        await using TestFleet fleet = await TestFleet.StartAsync(TestFleet.Of(Embedded), engine);
        (int status, string body) = await fleet.PostTextAsync("""{"model":"m","messages":[{"role":"user","content":"hi"}]}""");
        Assert.Equal(200, status);
        Assert.Contains("Hello!", body, StringComparison.Ordinal);

        (status, string stream) = await fleet.PostTextAsync("""{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}""");
        Assert.Equal(200, status);
        Assert.EndsWith("data: [DONE]\n\n", stream, StringComparison.Ordinal);
        Assert.DoesNotContain(": t ", stream, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_it_refuses_reaches_the_client_by_name()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(TestFleet.Of(Embedded with { Model = "fake" }), new FakeEngine());
        (int status, string body) = await fleet.PostTextAsync("""{"model":"m","messages":[{"role":"user","content":"hi"}],"no_such_thing":1}""");
        Assert.Equal(400, status);
        Assert.Contains("no_such_thing", body, StringComparison.Ordinal);
    }
}
