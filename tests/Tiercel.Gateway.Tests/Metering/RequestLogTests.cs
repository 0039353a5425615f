using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Endpoints;
using Tiercel.Gateway.Metering;
using Tiercel.Gateway.Tests.Fakes;
using Tiercel.Gateway.Tests.Fleet;
using Tiercel.Gateway.Tests.Metering.Ledger;

namespace Tiercel.Gateway.Tests.Metering;

public sealed class RequestLogTests
{
    [Fact]
    public async Task Each_request_is_a_line_without_prompt_or_key()
    {
        using MemoryStream log = new();
        TestGateway gateway = await TestGateway.StartAsync(
            new FakeEngine { Answer = "SECRETANSWER" }, new GatewayOptions { RequestLog = log, ApiKeys = ["SECRETKEY"] });
        gateway.Client.DefaultRequestHeaders.Add("x-api-key", "SECRETKEY");
        gateway.Client.DefaultRequestHeaders.Add("x-request-id", "mine");
        await gateway.PostStreamAsync("/v1/completions", """{"prompt":"SECRETPROMPT","stream":true}""");
        await gateway.UntilIdleAsync();
        await gateway.PostJsonAsync("/v1/completions", """{"prompt":"SECRETPROMPT","model":"SECRETMODEL"}""");
        await gateway.UntilIdleAsync();
        using HttpResponseMessage lost = await gateway.Client.GetAsync("/SECRETPATH");
        await gateway.DisposeAsync();

        string text = Encoding.UTF8.GetString(log.ToArray());
        Assert.DoesNotContain("SECRET", text, StringComparison.Ordinal);
        JsonElement[] lines = [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line))];
        Assert.Equal(3, lines.Length);
        Assert.All(lines, line => Assert.Equal("mine", line.GetProperty("request_id").GetString()));
        Assert.Equal("ok", lines[0].GetProperty("outcome").GetString());
        Assert.Equal(12, lines[0].GetProperty("output_tokens").GetInt32());
        Assert.Equal(13, lines[0].GetProperty("prompt_tokens").GetInt32());
        Assert.True(lines[0].GetProperty("stream").GetBoolean());
        Assert.True(lines[0].GetProperty("ttft_ms").GetDouble() <= lines[0].GetProperty("duration_ms").GetDouble());
        Assert.Equal(("refused", "model_not_found", 404), Ending(lines[1]));
        Assert.Equal(("refused", "unknown_url", 404), Ending(lines[2]));
        Assert.Equal("unknown", lines[2].GetProperty("path").GetString());
    }

    [Fact]
    public async Task A_log_that_cannot_be_written_costs_lines_and_not_requests()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(options: new GatewayOptions { RequestLog = new FullDisk() });
        for (int i = 0; i < 3; i++)
        {
            (int status, _) = await gateway.PostJsonAsync("/v1/completions", """{"prompt":"a"}""");
            Assert.Equal(200, status);
        }
    }

    [Fact]
    public async Task A_gateway_whose_log_cannot_be_written_serves_and_says_so_once()
    {
        const string Full = "/dev/full";
        Assert.SkipUnless(File.Exists(Full), "there is no device that is always full");
        await using ScriptedUpstream engine = ScriptedAnswers.Sound();
        await using TestFleet fleet = await TestFleet.StartAsync(TestFleet.Of(engine.Settings()) with { Telemetry = new TelemetrySettings { RequestLog = Full } });
        ConcurrentQueue<string> said = [];
        fleet.Server.Said += said.Enqueue;
        const string Ask = """{"model":"m","messages":[{"role":"user","content":"hi"}]}""";
        Assert.Equal(200, (await fleet.PostTextAsync(Ask)).Status);
        await LedgerFixture.UntilAsync(() => said.Any(line => line.Contains("log", StringComparison.Ordinal)), "the loss to be told");
        Assert.Equal(200, (await fleet.PostTextAsync(Ask)).Status);
        Assert.StartsWith("the request log cannot be written (", Assert.Single(said, line => line.Contains("log", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disk_that_has_room_again_gets_every_line_that_waited_and_each_whole()
    {
        ManualTime time = new();
        using FullDisk disk = new() { Room = 700 };
        RequestLog log = new(disk, time);
        for (int i = 0; i < 10; i++)
        {
            log.Add(new Exchange(new DefaultHttpContext(), $"id{i}", 0));
        }

        await LedgerFixture.UntilAsync(() => log.Failure is not null && time.Pending == 1, "the disk to be full");
        Assert.True(disk.Torn > 0, "no line was torn");
        log.Add(new Exchange(new DefaultHttpContext(), "id10", 0));
        time.Advance(TimeSpan.FromSeconds(1));
        await LedgerFixture.UntilAsync(() => time.Pending == 1, "another try");
        Assert.NotNull(log.Failure);
        disk.Room = int.MaxValue;
        time.Advance(TimeSpan.FromSeconds(1));
        await LedgerFixture.UntilAsync(() => log.Failure is null, "the lines to be written");
        await log.DisposeAsync();
        string[] lines = Encoding.UTF8.GetString(disk.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Enumerable.Range(0, 11).Select(i => $"id{i}"), lines.Select(line => JsonElement.Parse(line).GetProperty("request_id").GetString()));
        Assert.Equal(0, log.Dropped);
    }

    [Fact]
    public async Task A_disk_that_stays_full_holds_back_neither_memory_nor_the_end()
    {
        using FullDisk disk = new();
        RequestLog log = new(disk, new ManualTime());
        log.Add(new Exchange(new DefaultHttpContext(), "first", 0));
        await LedgerFixture.UntilAsync(() => log.Failure is not null, "the disk to be full");
        for (int i = 0; i < 9000; i++)
        {
            log.Add(new Exchange(new DefaultHttpContext(), "more", 0));
        }

        Assert.Equal(9000 - 8192, log.Dropped);
        await log.DisposeAsync().AsTask().WaitAsync(TestGateway.Watchdog);
        Assert.Equal(0, disk.Length);
    }

    private static (string?, string?, int) Ending(JsonElement line) =>
        (line.GetProperty("outcome").GetString(), line.GetProperty("error").GetString(), line.GetProperty("status").GetInt32());

    /// <summary>Takes so many bytes of what it is given as there is room for, and then fails.</summary>
    private sealed class FullDisk : MemoryStream
    {
        public int Room { get; set; }

        /// <summary>Bytes that were written of what then failed.</summary>
        public int Torn { get; private set; }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int fits = (int)Math.Min(buffer.Length, Room - Position);
            Write(buffer.Span[..fits]);
            if (fits == buffer.Length)
            {
                return ValueTask.CompletedTask;
            }

            Torn = fits;
            throw new IOException("no space left on device");
        }
    }
}
