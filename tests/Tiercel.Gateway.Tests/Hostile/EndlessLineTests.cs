using Tiercel.Gateway.Tests.Fakes;
using Tiercel.Gateway.Upstreams;

namespace Tiercel.Gateway.Tests.Hostile;

/// <summary>An engine whose events have no end, and the memory that they may take.</summary>
[Collection(nameof(MeasuredAloneCollection))]
public sealed class EndlessLineTests
{
    [Theory]
    [InlineData("data: {\"a\":\"")]
    [InlineData(": ")]
    [InlineData("")]
    public async Task An_endless_line_takes_no_more_than_the_limit(string start)
    {
        await using ScriptedUpstream server = new(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendAsync(HostileUpstreamTests.Head + HostileUpstreamTests.Chunk(start + "x"));
            string part = HostileUpstreamTests.Chunk(new string('a', 64 * 1024));
            for (int i = 0; i < 1000; i++)
            {
                await connection.SendAsync(part);
            }
        });
        await using HttpUpstream upstream = server.Connect();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        Assert.Equal("None TooLong 0", await HostileUpstreamTests.StreamAsync(upstream, maxEventBytes: 256 * 1024));
        long after = GC.GetTotalMemory(forceFullCollection: true);
        Assert.True(after - before < 8 << 20, $"{after - before} bytes are held");
        await HttpUpstreams.UntilAsync(() => server.Done.Contains("peer gone"));
        Assert.Equal(0, upstream.OpenConnections);
    }
}
