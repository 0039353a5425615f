using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Tiercel.Testing;

namespace Tiercel.Cli.Tests.Fleet;

/// <summary>
/// Workers are killed while they answer, and the ledger agrees with everybody who can tell: with each client to the token, with an undisturbed run, and with
/// the counters of the workers that are left.
/// </summary>
[Collection(ProcessFleetGroup.Name)]
public sealed class LedgerAfterKillsTests
{
    private const int Kinds = 12;
    private const int Clients = 32;
    private static readonly (string Tenant, string Key)[] Keys = [("north", "n1"), ("north", "n2"), ("south", "s1")];
    private static readonly string[] Models = ["tiercel-tiny", "tiny-too"];

    [Fact]
    public async Task The_ledger_is_what_clients_were_told_and_what_engines_count_after_workers_were_killed()
    {
        await using ProcessFleet fleet = await ProcessFleet.StartAsync(
            workers: 4,
            $$"""
            tenants:
              north: { keys: [ { name: n1, key: "{{HashOf("n1")}}" }, { name: n2, key: "{{HashOf("n2")}}" } ] }
              south: { keys: [ { name: s1, key: "{{HashOf("s1")}}" } ] }
            """,
            new FleetShape
            {
                // Each has its share of the streams, also where one is slower than the others.
                Pool = "policy: round_robin",
                Upstream = ", price: { input: 1, cached_input: 1, output: 2 }",
                MoreRoutes = ", tiny-too: { pool: tiny }",
            });
        ConcurrentBag<AskedRequest> asked = [];
        string[] undisturbed = new string[Kinds];
        UsageTold[] usage = new UsageTold[Kinds];
        for (int kind = 0; kind < Kinds; kind++)
        {
            (undisturbed[kind], AskedRequest reference) = await AskAsync(fleet, kind, $"reference-{kind}", client: 0, null);
            usage[kind] = reference.Told;
            asked.Add(reference);
        }

        // Clients ask until both workers have been killed, and then once more.
        RunningStreams running = new();
        using CancellationTokenSource enough = new();
        Task clients = Task.WhenAll(Enumerable.Range(0, Clients).Select(async client =>
        {
            bool last = false;
            for (int i = 0; !last; i++)
            {
                last = enough.IsCancellationRequested;
                int kind = ((client * 5) + i) % Kinds;
                string id = $"client-{client}-{i}";
                (string answer, AskedRequest told) = await AskAsync(fleet, kind, id, client, running);
                Assert.True(answer == undisturbed[kind], $"{id} differs from an undisturbed run: {told.Attempts}");
                Assert.Equal(usage[kind] with { Id = id }, told.Told);
                asked.Add(told);
            }
        }));
        await KillWhileItServesAsync(fleet, 0, running, clients);
        int before = asked.Count;
        await UntilAsync(() => asked.Count >= before + Clients || clients.IsCompleted);
        await KillWhileItServesAsync(fleet, 1, running, clients);
        await enough.CancelAsync();
        await clients.WaitAsync(TimeSpan.FromMinutes(4));
        await fleet.Gateway.SignalAsync("TERM");
        Assert.Equal(0, await fleet.Gateway.WaitAsync());

        AskedRequest[] all = [.. asked];
        string[] dead = ["w0", "w1"];
        Assert.All(dead, worker => Assert.True(all.Any(one => one.WasMovedFrom(worker)), $"{worker} died with nothing to lose"));
        long delivered = all.Sum(one => one.DeliveredBy(dead));
        Dictionary<string, EngineCounts> left = await LeftAsync(fleet, [2, 3]);
        LedgerAudit.AssertRows(fleet.Ledger, all);
        await LedgerAudit.AssertSumsAsync(fleet.Ledger, all, Cost);
        LedgerAudit.AssertEngines(fleet.Ledger, left, delivered);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{all.Length} requests, {all.Count(one => one.WasMovedFrom("w0"))} moved from w0, {all.Count(one => one.WasMovedFrom("w1"))} from w1, {delivered} tokens delivered by the dead, {string.Join(", ", left)}");

        // Each of the three finds a row too many, a row too few and a token too many.
        using TemporaryFolder folder = new();
        string[] plants =
        [
            "CREATE TEMP TABLE plant AS SELECT * FROM usage LIMIT 1; UPDATE plant SET request = 1000000; INSERT INTO usage SELECT * FROM plant",
            "DELETE FROM usage WHERE request = (SELECT MAX(request) FROM usage)",
            "UPDATE usage SET completion_tokens = completion_tokens + 1 WHERE request = (SELECT MAX(request) FROM usage)",
        ];
        foreach ((int index, string plant) in plants.Index())
        {
            string planted = Plant(fleet.Ledger, folder, index, plant);
            Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => LedgerAudit.AssertRows(planted, all));
            await Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(() => LedgerAudit.AssertSumsAsync(planted, all, Cost));
            Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => LedgerAudit.AssertEngines(planted, left, delivered));
        }
    }

    /// <summary>One million prompt tokens cost 1, one million of the answer 2.</summary>
    private static decimal Cost(long prompt, long completion) => (prompt + (2 * completion)) / 1_000_000m;

    /// <summary>Asks as one of the keys for one of the models; every third kind whole, the others as a stream.</summary>
    private static async Task<(string Answer, AskedRequest Asked)> AskAsync(
        ProcessFleet fleet, int kind, string id, int client, RunningStreams? running)
    {
        (string tenant, string key) = Keys[client % Keys.Length];
        string model = Models[client % Models.Length];
        bool whole = kind % 3 == 2;
        string answer = whole
            ? await WholeAsync(fleet, Body(kind, model, stream: false), id, key)
            : await fleet.StreamAsync(Body(kind, model, stream: true), id, worker => running?.Begun(id, worker), key);
        running?.Ended(id);
        Assert.True(whole || answer.EndsWith("data: [DONE]\n", StringComparison.Ordinal), $"{id}: {answer}");
        UsageTold told = whole ? OfWhole(id, answer) : UsageTold.OfStream(id, answer);
        return (answer, new AskedRequest(told, tenant, key, model, (await fleet.ExplainAsync(id)).GetProperty("attempts")));
    }

    /// <summary>The choices and the usage of an answer that is not streamed.</summary>
    private static async Task<string> WholeAsync(ProcessFleet fleet, string body, string id, string key)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, $"{fleet.Url}/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("x-request-id", id);
        request.Headers.Authorization = new("Bearer", key);
        using HttpResponseMessage response = await fleet.Client.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{id}: {response.StatusCode} {text}");
        JsonElement answer = JsonElement.Parse(text);
        UsageTold told = UsageTold.Of(id, answer);
        return $"{answer.GetProperty("choices").GetRawText()}\n{told.Prompt}+{told.Completion}";
    }

    private static UsageTold OfWhole(string id, string answer) => UsageTold.OfStream(id, answer + "\n\n");

    /// <summary>Kills a worker that has streams to lose.</summary>
    private static async Task KillWhileItServesAsync(ProcessFleet fleet, int index, RunningStreams running, Task clients)
    {
        await running.StopWhileItServesAsync(fleet, index, clients);
        await fleet.Workers[index].SignalAsync("KILL");
        Assert.Equal(128 + 9, await fleet.Workers[index].WaitAsync());
    }

    /// <summary>
    /// What the workers that are left have counted, once they have counted all that they ended: they do so when an answer has left. Probes are counted as well,
    /// so that only the tokens tell that an answer is missing.
    /// </summary>
    private static async Task<Dictionary<string, EngineCounts>> LeftAsync(ProcessFleet fleet, int[] workers)
    {
        Dictionary<string, EngineCounts> left = [];
        foreach (int index in workers)
        {
            await UntilAsync(async () =>
            {
                left[$"w{index}"] = await EngineCounts.ReadAsync(fleet.Client, $"http://{fleet.Addresses[index]}");
                EngineCounts billed = LedgerAudit.BilledTo(fleet.Ledger, $"w{index}");
                return left[$"w{index}"].Requests >= billed.Requests && left[$"w{index}"].Completion >= billed.Completion + left[$"w{index}"].Requests - billed.Requests;
            });
        }

        return left;
    }

    /// <summary>Greedy and seeded requests, some of two choices with stop strings.</summary>
    private static string Body(int kind, string model, bool stream)
    {
        string sampling = (kind % 4) switch
        {
            0 => "\"temperature\":0",
            1 => $"\"temperature\":1.0,\"seed\":{kind}",
            2 => $"\"temperature\":0.8,\"top_p\":0.9,\"seed\":{kind},\"frequency_penalty\":0.5",
            _ => $"\"temperature\":0.9,\"seed\":{kind},\"n\":2,\"stop\":[\"zebra\",\"the end\"]",
        };
        string streamed = stream ? "\"stream\":true,\"stream_options\":{\"include_usage\":true}," : "";
        return $$"""
            {"model":"{{model}}",{{streamed}}"max_tokens":{{80 + (5 * kind)}},"ignore_eos":true,{{sampling}},
            "messages":[{"role":"user","content":"Tell me a long story number {{kind}} about a fox and a river."}]}
            """;
    }

    /// <summary>A copy of a ledger in which something is wrong.</summary>
    private static string Plant(string ledger, TemporaryFolder folder, int index, string sql)
    {
        string copy = folder.File($"planted-{index}.db");
        using SqliteConnection source = new($"Data Source={ledger};Mode=ReadOnly;Pooling=False");
        using SqliteConnection target = new($"Data Source={copy};Pooling=False");
        source.Open();
        target.Open();
        source.BackupDatabase(target);
        using SqliteCommand command = target.CreateCommand();
        command.CommandText = $"DROP TRIGGER usage_is_not_changed; DROP TRIGGER usage_is_not_deleted; {sql}";
        Assert.True(command.ExecuteNonQuery() > 0);
        return copy;
    }

    private static string HashOf(string key) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using CancellationTokenSource watchdog = new(TimeSpan.FromMinutes(2));
        while (!await condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, watchdog.Token);
        }
    }
}
