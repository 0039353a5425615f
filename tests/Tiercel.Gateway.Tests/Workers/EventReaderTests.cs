using System.Net;
using System.Net.Sockets;
using System.Text;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Workers;

/// <summary>Gateways that read a worker's events slowly, never, or too many at a time.</summary>
public sealed class EventReaderTests
{
    /// <summary>Lines of 190 KB each: together more than all buffers between a worker and a reader hold.</summary>
    private const int Lines = 200;

    private static readonly ulong[] LongChain = [.. Enumerable.Range(1, 10_000).Select(i => (ulong)i)];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Readers_that_stall_are_dropped_and_one_that_listens_goes_on()
    {
        // The clock stands while the attentive reader reads: a busy machine cannot make it late.
        ManualTime time = new();
        await using TestWorker worker = await TestWorker.StartAsync(new GatewayOptions { SlowReaderGrace = TimeSpan.FromSeconds(10) }, time: time);
        using HttpResponseMessage attentive = await worker.Client.GetAsync("/internal/events", HttpCompletionOption.ResponseHeadersRead, Cancellation);
        using StreamReader lines = new(await attentive.Content.ReadAsStreamAsync(Cancellation));
        List<Socket> stalled = [];
        for (int i = 0; i < 8; i++)
        {
            stalled.Add(await OpenAsync(worker));
        }

        await UntilAsync(() => worker.Server.OpenExchanges == 9);
        for (int i = 1; i <= Lines; i++)
        {
            worker.Server.Worker.Events.NotePrompt(i, 320_000, LongChain);
            await UntilReadAsync(lines, $"\"prompt\":{{\"request\":{i},");
        }

        Assert.Equal(9, worker.Server.OpenExchanges);

        // A reader that has a small line behind a large one has let the worker go on from the large one: it is waited for no more.
        worker.Server.Worker.Events.NotePrompt(999_998, 32, [5]);
        await UntilReadAsync(lines, "\"request\":999998,");
        await UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return worker.Server.OpenExchanges == 1;
        });
        worker.Server.Worker.Events.NotePrompt(999_999, 32, [5]);
        await UntilReadAsync(lines, "\"request\":999999,");
        stalled.ForEach(socket => socket.Dispose());
    }

    [Fact]
    public async Task More_readers_than_there_are_places_are_refused()
    {
        await using TestWorker worker = await TestWorker.StartAsync();
        List<HttpResponseMessage> readers = [];
        for (int i = 0; i < 64; i++)
        {
            readers.Add(await worker.Client.GetAsync("/internal/events", HttpCompletionOption.ResponseHeadersRead, Cancellation));
            Assert.Equal(HttpStatusCode.OK, readers[^1].StatusCode);
        }

        using HttpResponseMessage refused = await worker.Client.GetAsync("/internal/events", HttpCompletionOption.ResponseHeadersRead, Cancellation);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        readers.ForEach(reader => reader.Dispose());
        await UntilAsync(() => worker.Server.OpenExchanges == 0);
        using HttpResponseMessage again = await worker.Client.GetAsync("/internal/events", HttpCompletionOption.ResponseHeadersRead, Cancellation);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Theory]
    [InlineData("after=-1")]
    [InlineData("after=x&generation=g")]
    [InlineData("after=99999999999999999999")]
    public async Task A_place_in_the_stream_that_makes_no_sense_is_refused(string query)
    {
        await using TestWorker worker = await TestWorker.StartAsync();
        using HttpResponseMessage refused = await worker.Client.GetAsync($"/internal/events?{query}", HttpCompletionOption.ResponseHeadersRead, Cancellation);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    [Fact]
    public async Task A_worker_that_stops_ends_its_streams_and_is_not_held_up_by_them()
    {
        TestWorker worker = await TestWorker.StartAsync();
        using HttpResponseMessage reader = await worker.Client.GetAsync("/internal/events", HttpCompletionOption.ResponseHeadersRead, Cancellation);
        await worker.Server.DisposeAsync().AsTask().WaitAsync(TestWorker.Watchdog, Cancellation);
        await Assert.ThrowsAnyAsync<Exception>(() => reader.Content.ReadAsByteArrayAsync(Cancellation));
        await worker.DisposeAsync();
    }

    [Fact]
    public async Task A_secret_that_can_be_guessed_is_refused_at_the_start()
    {
        GatewayConfigurationException error = await Assert.ThrowsAsync<GatewayConfigurationException>(() => TestWorker.StartAsync(secret: "1234567"));
        Assert.DoesNotContain("1234567", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Asks for events and reads nothing.</summary>
    private static async Task<Socket> OpenAsync(TestWorker worker)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(worker.Url).Port, Cancellation);
        string request = $"GET /internal/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TestWorker.Secret}\r\n\r\n";
        await socket.SendAsync(Encoding.ASCII.GetBytes(request), Cancellation);
        return socket;
    }

    private static async Task UntilReadAsync(StreamReader lines, string part)
    {
        while (!(await lines.ReadLineAsync(Cancellation).AsTask().WaitAsync(TestWorker.Watchdog, Cancellation))!.Contains(part, StringComparison.Ordinal))
        {
            // Heartbeats, and events of other tests' making.
        }
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using CancellationTokenSource watchdog = new(TestWorker.Watchdog);
        while (!condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, watchdog.Token);
        }
    }
}
