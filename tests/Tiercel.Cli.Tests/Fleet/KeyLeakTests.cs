using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Tiercel.Cli.Tests.Processes;
using Tiercel.Testing;

namespace Tiercel.Cli.Tests.Fleet;

/// <summary>No key and no secret in anything that a running gateway says or writes: answers, errors, metrics, logs, the ledger, what it prints, <c>config check</c>.</summary>
[Collection(ProcessFleetGroup.Name)]
public sealed class KeyLeakTests
{
    private const string ClientKey = "canary-client-7f3a9c1e";
    private const string WrongKey = "canary-wrong-55d0b8a2";
    private const string UpstreamKey = "canary-upstream-90e1f6c4";
    private static readonly string[] Canaries = [ClientKey, WrongKey, UpstreamKey, ProcessFleet.Secret];

    [Fact]
    public async Task Nothing_that_a_gateway_says_or_writes_holds_a_key()
    {
        using TemporaryFolder folder = new();
        await File.WriteAllTextAsync(folder.File("client.key"), ClientKey, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(folder.File("upstream.key"), UpstreamKey, TestContext.Current.CancellationToken);
        string log = folder.File("requests.jsonl");
        await using ProcessFleet fleet = await ProcessFleet.StartAsync(
            workers: 1,
            $$"""
            tenants: { leaky: { keys: [ { name: shown, key: "file:{{folder.File("client.key")}}" } ] } }
            telemetry: { request_log: "{{log}}", trace_share: 1 }
            """,
            new FleetShape
            {
                // An engine that is not there, and has a key of its own: errors about it are part of what is said.
                MoreUpstreams = $$"""      - { name: gone, kind: openai, url: "http://127.0.0.1:1/", key: "file:{{folder.File("upstream.key")}}" }""",
            });

        Dictionary<string, string> said = [];
        const string Good = """{"model":"tiercel-tiny","max_tokens":3,"stream":true,"messages":[{"role":"user","content":"Hello."}]}""";
        said["an answer"] = await SayAsync(fleet, HttpMethod.Post, "/v1/chat/completions", ClientKey, Good, HttpStatusCode.OK);
        said["a wrong key"] = await SayAsync(fleet, HttpMethod.Post, "/v1/chat/completions", WrongKey, Good, HttpStatusCode.Unauthorized);
        said["a key without its scheme"] = await SayAsync(fleet, HttpMethod.Post, "/v1/chat/completions", null, Good, HttpStatusCode.Unauthorized, ("Authorization", ClientKey));
        said["a wrong model"] = await SayAsync(fleet, HttpMethod.Post, "/v1/chat/completions", ClientKey, Good.Replace("tiercel-tiny", "none", StringComparison.Ordinal), HttpStatusCode.NotFound);
        said["a body that is none"] = await SayAsync(fleet, HttpMethod.Post, "/v1/chat/completions", ClientKey, "{", HttpStatusCode.BadRequest);
        said["a stranger at the workers' door"] = await SayAsync(fleet, HttpMethod.Get, "/internal/fleet", WrongKey, null, HttpStatusCode.NotFound);
        said["the fleet"] = await SayAsync(fleet, HttpMethod.Get, "/internal/fleet", ProcessFleet.Secret, null, HttpStatusCode.OK);
        said["health"] = await SayAsync(fleet, HttpMethod.Get, "/health", null, null, HttpStatusCode.OK);
        said["metrics"] = await SayAsync(fleet, HttpMethod.Get, "/metrics", null, null, HttpStatusCode.OK);
        await fleet.Gateway.SignalAsync("TERM");
        Assert.Equal(0, await fleet.Gateway.WaitAsync());
        said["standard output"] = await fleet.Gateway.Output.ReadToEndAsync(TestContext.Current.CancellationToken);
        said["standard error"] = await fleet.Gateway.ErrorAsync();
        said["the request log"] = await File.ReadAllTextAsync(log, TestContext.Current.CancellationToken);
        said["the ledger"] = Encoding.Latin1.GetString(await File.ReadAllBytesAsync(fleet.Ledger, TestContext.Current.CancellationToken));
        (int exit, string output, string error) = await TiercelProcess.RunTrustedAsync(ProcessFleet.Environment, "config", "check", fleet.ConfigurationPath);
        Assert.Equal(0, exit);
        said["config check"] = output + error;

        Assert.All(said, pair => Assert.Null(Leak(pair.Key, pair.Value)));

        // What should be there is there: the places that were searched are not empty, and the search finds what it looks for.
        Assert.Contains("leaky", said["the ledger"], StringComparison.Ordinal);
        Assert.Contains("leaky", said["the request log"], StringComparison.Ordinal);
        Assert.Contains("leaky", said["metrics"], StringComparison.Ordinal);
        Assert.Contains("leaky", said["config check"], StringComparison.Ordinal);
        Assert.Contains("data: [DONE]", said["an answer"], StringComparison.Ordinal);
        Assert.All(Canaries, canary => Assert.NotNull(Leak("a plant", $"x{canary}y")));
    }

    /// <returns>Where a key was found, or null. The last twelve characters are enough of one.</returns>
    private static string? Leak(string place, string text) =>
        Canaries.FirstOrDefault(canary => text.Contains(canary[^12..], StringComparison.OrdinalIgnoreCase)) is string found ? $"{place} holds {found}: {text}" : null;

    /// <summary>The answer's head and body as text.</summary>
    private static async Task<string> SayAsync(
        ProcessFleet fleet, HttpMethod method, string path, string? key, string? body, HttpStatusCode status, (string Name, string Value)? header = null)
    {
        using HttpRequestMessage request = new(method, fleet.Url + path);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        request.Headers.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        if (header is var (name, value))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using HttpResponseMessage answer = await fleet.Client.SendAsync(request);
        string text = $"{answer}\n{await answer.Content.ReadAsStringAsync()}";
        Assert.True(answer.StatusCode == status, $"{path}: {text}");
        return text;
    }
}
