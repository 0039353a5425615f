using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Tiercel.Cli.Tests.Fleet;

/// <summary>
/// A tenant floods a real fleet with many times what it can serve. Held here is what is no time: bounds, counts, headers, sums. Goodput and latencies are
/// held in virtual time (the simulation's overload tests) and measured by bench/Overload.
/// </summary>
[Collection(ProcessFleetGroup.Name)]
public sealed class OverloadTests
{
    private const int QueueLength = 8;
    private const int PerTenant = 6;
    private const int FloodClients = 40;
    private const int CalmClients = 2;
    private const int EnoughRefusals = 200;

    [Fact]
    public async Task A_flood_is_refused_within_the_queues_bound_and_the_other_tenant_is_never_refused()
    {
        await using ProcessFleet fleet = await ProcessFleet.StartAsync(
            workers: 2,
            $$"""
            classes: { chat: { ttft: 5m } }
            tenants:
              calm: { class: chat, keys: [ { name: k1, key: "{{HashOf("calm-key")}}" } ] }
              flood: { class: chat, keys: [ { name: k2, key: "{{HashOf("flood-key")}}" } ] }
            queue: { max_requests: {{QueueLength}}, max_requests_per_tenant: {{PerTenant}}, max_wait: 5m }
            """,
            new FleetShape { Upstream = ", max_concurrency: 2, price: { output: 1 }" });
        using CancellationTokenSource enough = new();
        Task<List<int>> watching = WatchQueueAsync(fleet, enough.Token);
        Task<Tally>[] floods = [.. Enumerable.Range(0, FloodClients).Select(client => ClientAsync(fleet, "flood", client, tally => enough.IsCancellationRequested))];
        Tally[] calm = await Task.WhenAll(Enumerable.Range(0, CalmClients).Select(client => ClientAsync(fleet, "calm", client, tally => tally.Served >= 20)));
        await UntilRefusedAsync(floods, fleet);
        await enough.CancelAsync();
        Tally flood = Tally.Sum(await Task.WhenAll(floods));
        List<int> lengths = await watching;

        // The queue is within its bound and was used; a bound that is never seen above zero would hold nothing.
        Assert.All(lengths, length => Assert.InRange(length, 0, QueueLength));
        Assert.Contains(lengths, length => length >= PerTenant);
        Assert.Equal((0, 20 * CalmClients), (calm.Sum(tally => tally.Refused), calm.Sum(tally => tally.Served)));
        Assert.True(flood.Refused >= EnoughRefusals && flood.Served > 0, $"{flood.Refused} of the flood were refused, {flood.Served} served");

        // What was refused costs nothing; what was served is in the ledger, once and to the token.
        await fleet.Gateway.SignalAsync("TERM");
        Assert.Equal(0, await fleet.Gateway.WaitAsync());
        UsageTold.AssertBilledOnce(fleet.Ledger, [.. flood.Told, .. calm.SelectMany(tally => tally.Told)]);
        Assert.Equal(0, UsageRows.Numbers(fleet.Ledger, "SELECT TOTAL(completion_tokens + cost_nanos) FROM usage WHERE outcome <> 'ok'").Single());
    }

    private static async Task<Tally> ClientAsync(ProcessFleet fleet, string tenant, int client, Func<Tally, bool> enough)
    {
        Tally tally = new();
        for (int i = 0; !enough(tally); i++)
        {
            string id = $"{tenant}-{client}-{i}";
            string body = $$"""{"model":"tiercel-tiny","max_tokens":8,"ignore_eos":true,"messages":[{"role":"user","content":"Say something, {{id}}."}]}""";
            using HttpRequestMessage request = new(HttpMethod.Post, $"{fleet.Url}/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            request.Headers.Add("x-request-id", id);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", $"{tenant}-key");
            using HttpResponseMessage answer = await fleet.Client.SendAsync(request);
            string text = await answer.Content.ReadAsStringAsync();
            if (answer.IsSuccessStatusCode)
            {
                tally.Told.Add(UsageTold.Of(id, JsonElement.Parse(text)));
                continue;
            }

            // Every refusal says that it is one, and when to come again; who comes again at once only fills this test.
            Assert.True(answer.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable, $"{answer.StatusCode} {text}");
            Assert.True(answer.Headers.RetryAfter?.Delta >= TimeSpan.FromSeconds(1), $"no Retry-After with {text}");
            Assert.True(JsonElement.Parse(text).GetProperty("error").GetProperty("message").GetString() is { Length: > 0 });
            tally.Refused++;
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, CancellationToken.None);
        }

        return tally;
    }

    /// <summary>The lengths of the queue that /metrics tells, until it is enough.</summary>
    private static async Task<List<int>> WatchQueueAsync(ProcessFleet fleet, CancellationToken enough)
    {
        List<int> lengths = [];
        while (!enough.IsCancellationRequested)
        {
            string metrics = await fleet.Client.GetStringAsync(new Uri($"{fleet.Url}/metrics"), CancellationToken.None);
            string line = Assert.Single(metrics.Split('\n'), line => line.StartsWith("tiercel_gateway_queue_length{", StringComparison.Ordinal));
            lengths.Add((int)double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
        }

        return lengths;
    }

    /// <summary>Until so much of the flood was refused that the rest of it must have met a full queue all the time.</summary>
    private static async Task UntilRefusedAsync(Task<Tally>[] floods, ProcessFleet fleet)
    {
        using CancellationTokenSource watchdog = new(TimeSpan.FromMinutes(2));
        while (true)
        {
            string metrics = await fleet.Client.GetStringAsync(new Uri($"{fleet.Url}/metrics"), watchdog.Token);
            double refused = Sum(metrics, "tiercel_gateway_refusals_total{");
            if (refused >= EnoughRefusals)
            {
                return;
            }

            Assert.DoesNotContain(floods, flood => flood.IsFaulted);
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, watchdog.Token);
        }
    }

    private static double Sum(string metrics, string name) => metrics.Split('\n')
        .Where(line => line.StartsWith(name, StringComparison.Ordinal))
        .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    private static string HashOf(string key) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    private sealed class Tally
    {
        public List<UsageTold> Told { get; } = [];

        public int Refused { get; set; }

        public int Served => Told.Count;

        public static Tally Sum(IEnumerable<Tally> tallies)
        {
            Tally sum = new();
            foreach (Tally tally in tallies)
            {
                sum.Told.AddRange(tally.Told);
                sum.Refused += tally.Refused;
            }

            return sum;
        }
    }
}
