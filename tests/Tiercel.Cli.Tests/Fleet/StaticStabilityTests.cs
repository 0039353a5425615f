using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Tiercel.Testing;

namespace Tiercel.Cli.Tests.Fleet;

/// <summary>
/// The ledger's file is deleted, its disk is full, the gateway is killed: clients see nothing of the first two, and what the ledger says in the end is what
/// clients were told in their answers' <c>usage</c>, to the token.
/// </summary>
[Collection(ProcessFleetGroup.Name)]
public sealed class StaticStabilityTests
{
    private const int Clients = 6;

    [Fact]
    public async Task The_ledger_deleted_under_load_is_not_seen_and_nothing_is_lost_or_billed_twice()
    {
        await using ProcessFleet fleet = await ProcessFleet.StartAsync(workers: 2);
        ConcurrentBag<UsageTold> told = [];
        int deleted = 0;
        using CancellationTokenSource enough = new();
        Task clients = Task.WhenAll(Enumerable.Range(0, Clients).Select(client => AskUntilAsync(fleet, client, told, enough.Token)));
        string[] files = [fleet.Ledger, fleet.Ledger + "-wal", fleet.Ledger + "-shm"];
        for (int round = 1; round <= 4; round++)
        {
            int before = told.Count;
            await UntilAsync(() => told.Count >= before + 20 || clients.IsCompleted);
            await UntilAsync(() => File.Exists(fleet.Ledger) || clients.IsCompleted);
            deleted += File.Exists(fleet.Ledger) ? 1 : 0;
            Array.ForEach(files, File.Delete);
        }

        int last = told.Count;
        await UntilAsync(() => told.Count >= last + 20 || clients.IsCompleted);
        await enough.CancelAsync();
        await clients;
        Assert.Equal(4, deleted);
        await EndAsync(fleet);
        UsageTold.AssertBilledOnce(fleet.Ledger, told);

        // Engines may have worked more than once for a request that was moved, and for probes; never less than was billed, and else exactly that. A worker
        // counts a request when its answer has left, which may be after the client has read it.
        long billed = UsageRows.Numbers(fleet.Ledger, "SELECT SUM(completion_tokens) FROM usage").Single();
        (long engineRequests, long engineTokens) = (0, 0);
        await UntilAsync(async () =>
        {
            (engineRequests, engineTokens) = await EngineTotalsAsync(fleet);
            return engineTokens >= billed;
        });
        Assert.InRange(engineTokens, billed, engineRequests == told.Count ? billed : long.MaxValue);

        // The checker finds a row too few, one too many, and one token too many.
        UsageTold[] all = [.. told];
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => UsageTold.AssertBilledOnce(fleet.Ledger, [.. all, all[0]]));
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => UsageTold.AssertBilledOnce(fleet.Ledger, all[1..]));
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => UsageTold.AssertBilledOnce(fleet.Ledger, [.. all[1..], all[0] with { Completion = all[0].Completion + 1 }]));
    }

    [Fact]
    public async Task A_full_disk_under_load_is_not_seen_and_usage_is_summed_instead_of_dropped()
    {
        using TemporaryFolder folder = new();
        string mount = folder.File("disk");
        Directory.CreateDirectory(mount);
        if (!OperatingSystem.IsLinux() || !await MountAsync("-t", "tmpfs", "-o", "size=512k", "tiercel-test", mount))
        {
            Assert.Skip("needs the right to mount a small file system");
        }

        try
        {
            await using ProcessFleet fleet = await ProcessFleet.StartAsync(
                workers: 2, shape: new FleetShape { LedgerPath = Path.Combine(mount, "usage.db"), LedgerSettings = ", max_buffered: 20" });
            ConcurrentBag<UsageTold> told = [];
            using CancellationTokenSource enough = new();
            Task clients = Task.WhenAll(Enumerable.Range(0, Clients).Select(client => AskUntilAsync(fleet, client, told, enough.Token)));
            await UntilAsync(() => told.Count >= 10 || clients.IsCompleted);
            string filler = Path.Combine(mount, "filler");
            await UntilAsync(async () =>
            {
                // Again and again: what the ledger gives back when it closes its file would let it go on for a while.
                Fill(filler);
                return (await LedgerStateAsync(fleet)).State == "unavailable";
            });
            int full = told.Count;
            await UntilAsync(() =>
            {
                Fill(filler);
                return told.Count >= full + 60 || clients.IsCompleted;
            });
            Assert.Equal("unavailable", (await LedgerStateAsync(fleet)).State);
            File.Delete(filler);
            await UntilAsync(async () => (await LedgerStateAsync(fleet)).State == "durable");
            await enough.CancelAsync();
            await clients;
            await EndAsync(fleet);

            // Those that did not fit into the buffer are rows of sums; together all are there, to the token.
            Assert.Equal(told.Count, UsageRows.Numbers(fleet.Ledger, "SELECT SUM(requests) FROM usage").Single());
            Assert.Equal(told.Sum(one => one.Prompt), UsageRows.Numbers(fleet.Ledger, "SELECT SUM(prompt_tokens) FROM usage").Single());
            Assert.Equal(told.Sum(one => one.Completion), UsageRows.Numbers(fleet.Ledger, "SELECT SUM(completion_tokens) FROM usage").Single());
            Assert.True(UsageRows.Numbers(fleet.Ledger, "SELECT SUM(requests) FROM usage WHERE is_sum = 1").Single() > 0, "the buffer did not overflow");
            HashSet<string> ids = [.. told.Select(one => one.Id)];
            List<string> single = UsageRows.Texts(fleet.Ledger, "SELECT id FROM usage WHERE is_sum = 0");
            Assert.Equal(single.Count, single.Distinct().Count());
            Assert.All(single, id => Assert.Contains(id, ids));
        }
        finally
        {
            using Process unmount = Process.Start("umount", [mount]);
            await unmount.WaitForExitAsync(CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_killed_gateway_loses_nothing_that_was_written_and_its_successor_knows_what_was_spent()
    {
        const int Affordable = 10;
        await using ProcessFleet fleet = await ProcessFleet.StartAsync(
            workers: 1,
            $$"""
            tenants:
              capped: { keys: [ { name: k1, key: "{{HashOf("capped-key")}}" } ], budget: { per_month: {{Affordable * 4}}.5 } }
              free: { keys: [ { name: k2, key: "{{HashOf("free-key")}}" } ] }
            """,
            new FleetShape { Upstream = ", price: { output: 1000000 }" });
        List<UsageTold> written = [];
        for (int i = 0; i < Affordable; i++)
        {
            written.Add(await AskAsync(fleet, $"capped-{i}", "capped-key"));
        }

        // A request is settled when its client has the answer already: until then what it may cost is only held.
        await UsageRows.UntilAsync(fleet.Ledger, "SELECT COUNT(*) FROM usage WHERE outcome = 'ok'", Affordable);
        await RefusedAsBrokeAsync(fleet);

        // Others go on until the gateway is killed among them; what they were told last may be lost, and no more than that.
        ConcurrentQueue<(UsageTold Told, long At)> late = [];
        Task[] clients = [.. Enumerable.Range(0, Clients).Select(async client =>
        {
            try
            {
                for (int i = 0; ; i++)
                {
                    UsageTold told = await AskAsync(fleet, $"free-{client}-{i}", "free-key");
                    late.Enqueue((told, TimeProvider.System.GetTimestamp()));
                }
            }
            catch (Exception error) when (error is HttpRequestException or IOException)
            {
                // The gateway is dead.
            }
        })];
        await UntilAsync(() => late.Count >= 40 || Array.TrueForAll(clients, client => client.IsCompleted));
        await fleet.Gateway.SignalAsync("KILL");
        long killed = TimeProvider.System.GetTimestamp();
        Assert.Equal(128 + 9, await fleet.Gateway.WaitAsync());
        await Task.WhenAll(clients);
        Assert.True(late.Count >= 40, "the gateway was killed before the load");

        await fleet.StartGatewayAsync();
        await RefusedAsBrokeAsync(fleet);
        HashSet<string> rows = [.. UsageRows.Texts(fleet.Ledger, "SELECT id || ' ' || prompt_tokens || '+' || completion_tokens FROM usage WHERE outcome = 'ok'")];
        Assert.Equal(rows.Count, UsageRows.Numbers(fleet.Ledger, "SELECT COUNT(*) FROM usage WHERE outcome = 'ok'").Single());
        Assert.All(written, one => Assert.Contains($"{one.Id} {one.Prompt}+{one.Completion}", rows));
        (UsageTold Told, long At)[] lost = [.. late.Where(one => !rows.Contains($"{one.Told.Id} {one.Told.Prompt}+{one.Told.Completion}"))];
        double oldest = lost.Length == 0 ? 0 : lost.Max(one => TimeProvider.System.GetElapsedTime(one.At, killed).TotalMilliseconds);
        TestContext.Current.TestOutputHelper?.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"of {late.Count} answered requests {lost.Length} are lost; the oldest had been answered {oldest:0} ms before the kill"));

        // That the refusal comes from the ledger is seen where there is none: with an empty one the same tenant is served.
        await fleet.Gateway.SignalAsync("TERM");
        await fleet.Gateway.WaitAsync();
        Array.ForEach((string[])[fleet.Ledger, fleet.Ledger + "-wal", fleet.Ledger + "-shm"], File.Delete);
        await fleet.StartGatewayAsync();
        Assert.Equal(4, (await AskAsync(fleet, "capped-again", "capped-key")).Completion);
    }

    private static string HashOf(string key) => "sha256:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    private static async Task RefusedAsBrokeAsync(ProcessFleet fleet)
    {
        using HttpResponseMessage refused = await SendAsync(fleet, "refused", "capped-key");
        string body = await refused.Content.ReadAsStringAsync();
        Assert.True(refused.StatusCode == HttpStatusCode.TooManyRequests && body.Contains("insufficient_quota", StringComparison.Ordinal), $"{refused.StatusCode} {body}");
    }

    private static async Task AskUntilAsync(ProcessFleet fleet, int client, ConcurrentBag<UsageTold> told, CancellationToken enough)
    {
        for (int i = 0; !enough.IsCancellationRequested; i++)
        {
            told.Add(await AskAsync(fleet, $"r-{client}-{i}"));
        }
    }

    private static async Task<UsageTold> AskAsync(ProcessFleet fleet, string id, string? key = null)
    {
        using HttpResponseMessage answer = await SendAsync(fleet, id, key);
        string body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{id}: {answer.StatusCode} {body}");
        return UsageTold.Of(id, JsonElement.Parse(body));
    }

    private static async Task<HttpResponseMessage> SendAsync(ProcessFleet fleet, string id, string? key)
    {
        string body = $$"""{"model":"tiercel-tiny","max_tokens":4,"ignore_eos":true,"messages":[{"role":"user","content":"Say something, {{id}}."}]}""";
        using HttpRequestMessage request = new(HttpMethod.Post, $"{fleet.Url}/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("x-request-id", id);
        request.Headers.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        return await fleet.Client.SendAsync(request);
    }

    private static async Task<(string State, long Buffered)> LedgerStateAsync(ProcessFleet fleet)
    {
        using HttpResponseMessage health = await fleet.Client.GetAsync(new Uri($"{fleet.Url}/health"));
        JsonElement ledger = JsonElement.Parse(await health.Content.ReadAsStringAsync()).GetProperty("ledger");
        return (ledger.GetProperty("state").GetString()!, ledger.GetProperty("buffered").GetInt64());
    }

    /// <summary>Requests that the engines ended, and tokens that they generated for them.</summary>
    private static async Task<(long Requests, long Tokens)> EngineTotalsAsync(ProcessFleet fleet)
    {
        long requests = 0, tokens = 0;
        foreach (IPEndPoint address in fleet.Addresses)
        {
            EngineCounts counted = await EngineCounts.ReadAsync(fleet.Client, $"http://{address}");
            requests += counted.Requests;
            tokens += counted.Completion;
        }

        return (requests, tokens);
    }

    /// <summary>The gateway ends as its operator asks it to, which writes everything down.</summary>
    private static async Task EndAsync(ProcessFleet fleet)
    {
        await fleet.Gateway.SignalAsync("TERM");
        Assert.Equal(0, await fleet.Gateway.WaitAsync());
    }

    /// <summary>Takes all room that is left.</summary>
    private static void Fill(string path)
    {
        using FileStream file = new(path, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        byte[] page = new byte[4096];
        try
        {
            for (int i = 0; i < 1024; i++)
            {
                file.Write(page);
            }

            Assert.Fail("the small disk took more than it holds");
        }
        catch (IOException)
        {
            // Full, as it should be.
        }
    }

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using CancellationTokenSource watchdog = new(TimeSpan.FromMinutes(2));
        while (!await condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, watchdog.Token);
        }
    }

    private static async Task<bool> MountAsync(params string[] arguments)
    {
        ProcessStartInfo start = new("mount", arguments) { UseShellExecute = false, RedirectStandardError = true };
        using Process mount = Process.Start(start)!;
        await mount.WaitForExitAsync(TestContext.Current.CancellationToken);
        return mount.ExitCode == 0;
    }
}
