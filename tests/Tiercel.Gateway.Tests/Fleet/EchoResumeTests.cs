using System.Text;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Fleet;
using Tiercel.Gateway.Recovery;
using Tiercel.Gateway.Tests.Workers;
using Tiercel.Gateway.Upstreams;

namespace Tiercel.Gateway.Tests.Fleet;

/// <summary>A completion that echoes its prompt goes on without echoing it again, or still echoes it, as the client needs it; with real engines.</summary>
public sealed class EchoResumeTests
{
    private const string Path = "/v1/completions";
    private const string Body = """{"prompt":"Once upon a time","max_tokens":6,"echo":true,"seed":5,"stream":true,"stream_options":{"include_usage":true}}""";

    private static readonly (string, string)[] Headers =
    [
        ("x-tiercel-id", "cmpl-the-same"), ("x-tiercel-created", "1700000000"), ("x-tiercel-seed", "7"),
        ("x-tiercel-tenant", "acme"), ("x-tiercel-priority", "3"), ("x-tiercel-request", "77"), ("x-tiercel-tokens", "1"),
    ];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Cut_before_or_behind_the_echo_the_rest_is_the_very_rest(int cut)
    {
        await using TestWorker first = await TestWorker.StartAsync();
        await using TestWorker second = await TestWorker.StartAsync();
        List<string> whole = await TestWorker.StreamAsync(first.Client, TestWorker.Post(Path, Body, Headers));
        Assert.Contains("Once upon a time", whole[0], StringComparison.Ordinal);

        using StreamJournal journal = new(1);
        if (cut == 1)
        {
            Assert.True(journal.TryOpen(0));
        }

        // Nothing was generated, so that there is nothing whose tokens could be missing.
        Assert.True(journal.HasTokens);
        string resume = string.Concat(UpstreamRequests.Resume(Attempt(), journal).Body.Select(part => Encoding.UTF8.GetString(part.Span)));
        List<string> rest = await TestWorker.StreamAsync(second.Client, TestWorker.Post("/internal/resume", resume, Headers));
        Assert.Equal(whole[cut..], rest);
    }

    private static Attempt Attempt()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Body);
        Assert.True(BodyScanner.TryScan(bytes, BodyKind.Completion, out ScannedBody? scanned, out _));
        FleetRequest like = FleetStates.Request(1);
        FleetRequest request = new(like.Exchange, 1, BodyKind.Completion, Path, TimeSpan.Zero)
        {
            Caller = like.Caller,
            Body = bytes,
            Scanned = scanned,
            Model = "m",
            PoolName = FleetStates.Pool,
            AnswerId = "",
            CreatedUnixSeconds = 0,
            Seed = 1,
        };
        Replica replica = new(1, FleetStates.Pool, new UpstreamSettings { Name = "w", Kind = UpstreamKind.Tiercel }, upstream: null!);
        return new Attempt(request, replica, 1, TimeSpan.Zero, new AttemptRecord("w", "resume", TimeSpan.Zero, null)) { Number = 1 };
    }
}
