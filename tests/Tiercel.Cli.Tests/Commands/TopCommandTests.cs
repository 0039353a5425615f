using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tiercel.Gateway.Telemetry;

namespace Tiercel.Cli.Tests.Commands;

public sealed class TopCommandTests : IAsyncDisposable
{
    private readonly CliHarness _cli = new();
    private WebApplication? _gateway;
    private int _asked;

    public async ValueTask DisposeAsync()
    {
        _cli.Dispose();
        if (_gateway is not null)
        {
            await _gateway.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_look_shows_replicas_queues_tenants_and_what_is_wrong()
    {
        _cli.Set("TIERCEL_CLUSTER_SECRET", "the secret");
        Assert.Equal(0, await _cli.RunAsync("top", "--url", await StartAsync(), "--once"));
        foreach (string part in new[] { "w1", "ejected", "250 ms", "1.5 s", "60 %", "acme", "1.50 of 10", "queue_full 3", "the ledger cannot be written (disk full); 7 records", "is wrong and not in force: t.yaml" })
        {
            Assert.Contains(part, _cli.Output.Replace("60%", "60 %", StringComparison.Ordinal), StringComparison.Ordinal);
        }

        Assert.DoesNotContain("\u001b", _cli.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("the secret", _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_json_is_that_of_the_gateway()
    {
        _cli.Set("TIERCEL_CLUSTER_SECRET", "the secret");
        Assert.Equal(0, await _cli.RunAsync("top", "--url", await StartAsync(), "--json"));
        Assert.Equal("w1", JsonSerializer.Deserialize(_cli.Output, FleetSnapshotJson.Default.FleetSnapshot)!.Pools[0].Replicas[0].Name);
    }

    [Theory]
    [InlineData("dumb", false)]
    [InlineData("xterm", true)]
    public async Task A_terminal_is_shown_picture_after_picture_until_it_is_interrupted(string terminal, bool movesCursor)
    {
        _cli.Set("TIERCEL_CLUSTER_SECRET", "the secret");
        _cli.Set("TERM", terminal);
        _cli.IsTerminal = true;
        string url = await StartAsync();
        Task<int> running = _cli.RunAsync("top", "--url", url, "--interval", "0.1");
        using CancellationTokenSource watchdog = new(TimeSpan.FromMinutes(2));
        while (Volatile.Read(ref _asked) < 3)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, watchdog.Token);
        }

        _cli.Interrupt!();
        Assert.Equal(0, await running.WaitAsync(watchdog.Token));
        Assert.Contains("w1", _cli.Output, StringComparison.Ordinal);
        Assert.Equal(movesCursor, _cli.Output.Contains('\u001b', StringComparison.Ordinal));
    }

    [Fact]
    public async Task Who_does_not_know_the_secret_is_told_what_is_missing()
    {
        Assert.Equal(1, await _cli.RunAsync("top", "--url", await StartAsync(), "--once"));
        Assert.Contains("TIERCEL_CLUSTER_SECRET or --secret-file", _cli.ErrorLine(), StringComparison.Ordinal);
        Assert.Equal(1, await _cli.RunAsync("top", "--url", "http://127.0.0.1:1", "--once"));
        Assert.Contains("no gateway answers", _cli.ErrorLine(), StringComparison.Ordinal);
        Assert.Equal(2, await _cli.RunAsync("top", "--interval", "0"));
    }

    [Fact]
    public void Lines_that_are_wider_than_the_terminal_are_cut_and_not_folded() =>
        Assert.Equal("a table\nof wor…\n\nshort", Cli.Commands.TopCommand.Cut("a table\nof words  \n\nshort   ", 7).Replace("\r", "", StringComparison.Ordinal));

    private async Task<string> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel(options => options.Listen(IPAddress.Loopback, 0));
        _gateway = builder.Build();
        _gateway.Run(async context =>
        {
            Interlocked.Increment(ref _asked);
            bool trusted = context.Request.Path == "/internal/fleet" && context.Request.Headers.Authorization == "Bearer the secret";
            context.Response.StatusCode = trusted ? 200 : 404;
            await context.Response.WriteAsync(trusted ? JsonSerializer.Serialize(Snapshot(), FleetSnapshotJson.Default.FleetSnapshot) : "{}");
        });
        await _gateway.StartAsync();
        return _gateway.Urls.First();
    }

    private static FleetSnapshot Snapshot() => new()
    {
        ConfigVersion = "0123456789ab",
        ConfigError = "t.yaml:1:1: pools: wants something",
        Pools = [new PoolSnapshot { Name = "chat", Policy = "cost", QueueLength = 5, Replicas = [new ReplicaSnapshot { Name = "w1", Kind = "tiercel", State = "ejected", TtftP50Seconds = 0.25, TtftP90Seconds = 1.5, CacheHitShare = 0.6 }] }],
        Tenants = [new TenantSnapshot { Name = "acme", SpentToday = 1.5m, BudgetPerDay = 10 }],
        Refusals = new Dictionary<string, long> { ["queue_full"] = 3 },
        Ledger = new LedgerSnapshot { Degraded = true, Reason = "disk full", Buffered = 7 },
    };
}
