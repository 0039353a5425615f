using System.IO.Pipelines;
using System.Text;
using Tiercel.Gateway.Tests.Fakes;
using Tiercel.Gateway.Upstreams;

namespace Tiercel.Gateway.Tests;

/// <summary>What tests of upstreams do again and again.</summary>
internal static class HttpUpstreams
{
    public static UpstreamRequest Request() => new() { Path = "/v1/chat/completions", Body = ["{}"u8.ToArray()] };

    /// <summary>Asks, and gives the body of the answer.</summary>
    public static async Task<string> AskAsync(HttpUpstream upstream)
    {
        await using UpstreamAnswer answer = await upstream.SendAsync(Request(), CancellationToken.None);
        return await ReadAsync(answer);
    }

    public static async Task<string> ReadAsync(UpstreamAnswer answer)
    {
        while (true)
        {
            ReadResult read = await answer.Body.ReadAsync();
            if (read.IsCompleted)
            {
                return Encoding.Latin1.GetString(read.Buffer);
            }

            answer.Body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    public static async Task UntilAsync(Func<bool> condition)
    {
        using CancellationTokenSource watchdog = new(TestGateway.Watchdog);
        while (!condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, watchdog.Token);
        }
    }
}
