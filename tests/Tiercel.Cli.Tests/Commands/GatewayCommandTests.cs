using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tiercel.Testing;

namespace Tiercel.Cli.Tests.Commands;

/// <summary>The start of a gateway: what it finds at addresses it is given, and what of a file it follows.</summary>
public sealed class GatewayCommandTests : IAsyncDisposable
{
    private const string Secret = "the-secret-of-the-fleet";
    private readonly CliHarness _cli = new();
    private readonly TemporaryFolder _folder = new();
    private readonly List<WebApplication> _engines = [];

    /// <summary>What engines were shown as <c>Authorization</c>.</summary>
    private readonly ConcurrentBag<string> _shown = [];

    public async ValueTask DisposeAsync()
    {
        foreach (WebApplication engine in _engines)
        {
            await engine.DisposeAsync();
        }

        _cli.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Every_model_that_an_engine_lists_is_routed_and_it_is_not_shown_the_secret()
    {
        _cli.Set("TIERCEL_CLUSTER_SECRET", Secret);
        string url = await StartAsync(path => path == "/v1/models" ? (200, """{"object":"list","data":[{"id":"large"},{"id":"small"},{"id":7}]}""") : (404, "{}"));
        JsonElement started = await RunUntilReadyAsync("--upstream", url);
        Assert.Equal(["large", "small"], started.GetProperty("models").EnumerateArray().Select(model => model.GetString()));
        Assert.DoesNotContain(_shown, shown => shown.Contains(Secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_engine_that_does_not_listen_yet_or_is_loading_is_waited_for()
    {
        IPEndPoint address = LoopbackAddress.Nobodys();
        int asked = 0;
        Task<JsonElement> starting = RunUntilReadyAsync("--upstream", $"http://{address}");
        await UntilAsync(() => _cli.Error.Contains($"waiting for http://{address}/ (nobody listens there)", StringComparison.Ordinal));
        await StartAsync(path => path != "/v1/models" ? (404, "{}") : Interlocked.Increment(ref asked) < 3 ? (503, "{}") : (200, """{"data":[{"id":"m"}]}"""), address);
        Assert.Equal("m", (await starting).GetProperty("models")[0].GetString());
        Assert.True(asked >= 3, $"it was asked {asked} times");
    }

    [Fact]
    public async Task One_that_answers_nothing_at_first_is_asked_again()
    {
        int asked = 0;
        string url = await StartAsync(path => path == "/v1/models" ? (200, """{"data":[{"id":"m"}]}""") : (404, "{}"), hangs: () => Interlocked.Increment(ref asked) == 1);
        Assert.Equal("m", (await RunUntilReadyAsync("--upstream", url)).GetProperty("models")[0].GetString());
        Assert.Contains($"waiting for {url}/ (it does not answer)", _cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_never_comes_is_said_to_be_missing()
    {
        IPEndPoint address = LoopbackAddress.Nobodys();
        Assert.Equal(1, await _cli.RunAsync("gateway", "--upstream", $"http://{address}", "--wait", "0"));
        Assert.Contains($"http://{address}/ was waited for in vain: nobody listens there", _cli.ErrorLine(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "is a worker of a fleet: set TIERCEL_CLUSTER_SECRET")]
    [InlineData("another-secret", "is a worker with another secret than this gateway's")]
    public async Task A_worker_is_never_taken_for_a_foreign_engine(string? secret, string expected)
    {
        if (secret is not null)
        {
            _cli.Set("TIERCEL_CLUSTER_SECRET", secret);
        }

        string url = await StartAsync(path => path == "/v1/models" ? (200, """{"data":[{"id":"m"}]}""") : (401, """{"error":{"code":"not_of_the_fleet"}}"""));
        Assert.Equal(1, await _cli.RunAsync("gateway", "--upstream", url));
        Assert.Contains(expected, _cli.ErrorLine(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(401, "{}", "wants a key: write it into a file")]
    [InlineData(200, "[]", "tells no model at /v1/models (status 200)")]
    [InlineData(200, "<html>", "does not answer as an engine would")]
    public async Task What_is_no_engine_that_can_be_used_is_said_to_be_so(int status, string answer, string expected)
    {
        string url = await StartAsync(path => path == "/v1/models" ? (status, answer) : (404, "{}"));
        Assert.Equal(1, await _cli.RunAsync("gateway", "--upstream", url));
        Assert.Contains(expected, _cli.ErrorLine(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_is_given_twice_is_refused()
    {
        string url = await StartAsync(_ => (200, """{"data":[{"id":"m"}]}"""));
        Assert.Equal(2, await _cli.RunAsync("gateway", "--upstream", url, "--upstream", url + "/"));
        Assert.Contains("is given twice", _cli.ErrorLine(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("short")]
    [InlineData("with spaces in it")]
    public async Task A_secret_that_can_be_guessed_or_not_be_sent_is_refused_and_not_shown(string secret)
    {
        _cli.Set("TIERCEL_CLUSTER_SECRET", secret);
        Assert.Equal(2, await _cli.RunAsync("gateway", "--upstream", "http://127.0.0.1:1"));
        Assert.Contains("TIERCEL_CLUSTER_SECRET holds no secret", _cli.ErrorLine(), StringComparison.Ordinal);
        Assert.DoesNotContain(secret, _cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_of_another_machine_is_refused_by_its_name()
    {
        // TEST-NET-1 of RFC 5737 is nobody's.
        string file = _folder.File("tiercel.yaml");
        await File.WriteAllTextAsync(file, """
            listen: [ { address: "192.0.2.1:8080" } ]
            no_auth: true
            pools: { p: { upstreams: [ { name: a, kind: openai, url: "http://127.0.0.1:1" } ] } }
            routes: { m: { pool: p } }
            """);
        Assert.Equal(1, await _cli.RunAsync("gateway", "--config", file));
        Assert.StartsWith("cannot listen on 192.0.2.1:8080: ", _cli.ErrorLine(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hang_up_takes_up_the_file_at_once_and_says_what_is_wrong_with_it_or_waits()
    {
        const string Good = """
            listen: [ { address: "127.0.0.1:0" } ]
            pools: { p: { upstreams: [ { name: a, kind: openai, url: "http://127.0.0.1:1" } ] } }
            routes: { m: { pool: p } }

            """;
        string file = _folder.File("tiercel.yaml");
        await File.WriteAllTextAsync(file, Good);
        Task<int> running = _cli.RunAsync("gateway", "--config", file, "--json");
        await UntilAsync(() => _cli.Output.Contains("\n}", StringComparison.Ordinal));

        await File.WriteAllTextAsync(file, Good + "queue: { max_requests: many }\n");
        _cli.HangUp!();
        Assert.Contains("tiercel.yaml:4:24: queue.max_requests: wants a whole number", _cli.Error, StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, Good + "queue: { max_requests: 7 }\nledger: { path: x.db }\n");
        _cli.HangUp!();
        Assert.Contains("is in force, but for what the next start takes up: ledger.path", _cli.Error, StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, Good.Replace("kind: openai, url: \"http://127.0.0.1:1\"", "kind: embedded", StringComparison.Ordinal));
        _cli.HangUp!();
        Assert.Contains("tiercel.yaml:2:45: pools.p.upstreams[0].kind: is the engine of this process, which has none", _cli.Error, StringComparison.Ordinal);

        _cli.Interrupt!();
        Assert.Equal(0, await running.WaitAsync(TimeSpan.FromMinutes(2)));
    }

    /// <summary>Runs the gateway until it says that it is ready, and ends it.</summary>
    private async Task<JsonElement> RunUntilReadyAsync(params string[] arguments)
    {
        Task<int> running = _cli.RunAsync(["gateway", .. arguments, "--port", "0", "--json"]);
        await UntilAsync(() => running.IsCompleted || _cli.Output.TrimEnd().EndsWith('}'));
        _cli.Interrupt!();
        Assert.Equal(0, await running.WaitAsync(TimeSpan.FromMinutes(2)));
        return JsonElement.Parse(_cli.Output);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using CancellationTokenSource watchdog = new(TimeSpan.FromMinutes(2));
        while (!condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, watchdog.Token);
        }
    }

    private async Task<string> StartAsync(Func<string, (int Status, string Answer)> answer, IPEndPoint? address = null, Func<bool>? hangs = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel(options => options.Listen(address ?? new IPEndPoint(IPAddress.Loopback, 0)));
        WebApplication engine = builder.Build();
        engine.Run(async context =>
        {
            _shown.Add(context.Request.Headers.Authorization.ToString());
            if (hangs?.Invoke() == true)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return;
            }

            (context.Response.StatusCode, string text) = answer(context.Request.Path);
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(text);
        });
        _engines.Add(engine);
        await engine.StartAsync();
        return engine.Urls.First();
    }
}
