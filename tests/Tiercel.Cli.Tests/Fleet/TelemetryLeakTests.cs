using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Tiercel.Testing;

namespace Tiercel.Cli.Tests.Fleet;

/// <summary>
/// What a running gateway exports over OTLP, logs, writes and shows holds no key, no secret, no prompt and no answer, as they are or encoded. With
/// <c>capture_content</c> prompts and answers are in the traces, by which it is seen that they would have been found; keys are not there even then.
/// </summary>
[Collection(ProcessFleetGroup.Name)]
public sealed class TelemetryLeakTests
{
    private const string ClientKey = "canary-client-3b9e71d04c";
    private const string WrongKey = "canary-wrong-8ac25f90e1";
    private const string UpstreamKey = "canary-upstream-f06d17b83a";
    private const string Prompt = "canary-prompt-51e7a2c9d4";
    private const string Answer = "canary-answer-c84b06f3e2";
    private static readonly string[] Keys = [ClientKey, WrongKey, UpstreamKey, ProcessFleet.Secret];
    private static readonly string[] Texts = [Prompt, Answer];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nothing_that_a_gateway_exports_holds_a_key_and_only_captured_traces_hold_texts(bool capture)
    {
        using TemporaryFolder folder = new();
        await File.WriteAllTextAsync(folder.File("client.key"), ClientKey, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(folder.File("upstream.key"), UpstreamKey, TestContext.Current.CancellationToken);
        string log = folder.File("requests.jsonl");
        ConcurrentQueue<(string Path, byte[] Body)> exports = [];
        await using LoopbackServer collector = await LoopbackServer.StartAsync(async context =>
        {
            using MemoryStream body = new();
            await context.Request.Body.CopyToAsync(body);

            // What is searched below must be what was meant, and the head is searched as well.
            Assert.Equal(StringValues.Empty, context.Request.Headers.ContentEncoding);
            exports.Enqueue((context.Request.Path, [.. body.ToArray(), .. Encoding.Latin1.GetBytes(string.Join('\n', context.Request.Headers))]));
        });
        int shown = 0;
        await using LoopbackServer engine = await LoopbackServer.StartAsync(context => EngineAsync(context, () => Interlocked.Increment(ref shown)));
        await using ProcessFleet fleet = await ProcessFleet.StartAsync(
            workers: 1,
            $$"""
            tenants: { leaky: { keys: [ { name: shown, key: "file:{{folder.File("client.key")}}" } ] } }
            telemetry: { otlp: "{{collector.Url}}", otlp_interval: 500ms, trace_share: 1, request_log: "{{log}}", capture_content: {{(capture ? "true" : "false")}} }
            """,
            new FleetShape
            {
                MorePools = $$"""  foreign: { upstreams: [ { name: talkative, kind: openai, url: "{{engine.Url}}", key: "file:{{folder.File("upstream.key")}}", connect_timeout: 1m, first_byte_timeout: 4m, idle_timeout: 4m } ] }""",
                MoreRoutes = ", foreign-model: { pool: foreign }",
            });

        // Good ones and bad ones, whole and streamed, at the worker and at an engine that says everything it knows in its answers and its errors.
        foreach (string stream in (string[])["true", "false"])
        {
            await AskAsync(fleet, "/v1/chat/completions", ClientKey, Chat("tiercel-tiny", stream), HttpStatusCode.OK);
            await AskAsync(fleet, "/v1/chat/completions", ClientKey, Chat("foreign-model", stream), HttpStatusCode.OK);
            await AskAsync(fleet, "/v1/chat/completions", ClientKey, Chat("foreign-model", stream, "unauthorized"), HttpStatusCode.BadGateway);
            await AskAsync(fleet, "/v1/chat/completions", ClientKey, Chat("foreign-model", stream, "failing"), HttpStatusCode.BadGateway);
            await AskAsync(fleet, "/v1/chat/completions", ClientKey, Chat("foreign-model", stream, "refusing"), HttpStatusCode.BadRequest);
            await AskAsync(fleet, "/v1/chat/completions", ClientKey, Chat("foreign-model", stream, "quoting"), HttpStatusCode.BadRequest);
            foreach (string mood in (string[])["breaking", "breaking off"])
            {
                // A stream has begun by then: its error is an event.
                await AskAsync(fleet, "/v1/chat/completions", ClientKey, Chat("foreign-model", stream, mood), stream == "true" ? HttpStatusCode.OK : HttpStatusCode.BadGateway);
            }

            await AskAsync(fleet, "/v1/chat/completions", WrongKey, Chat("tiercel-tiny", stream), HttpStatusCode.Unauthorized);
        }

        await AskAsync(fleet, "/v1/completions", ClientKey, $$"""{"model":"tiercel-tiny","max_tokens":3,"prompt":"{{Prompt}}"}""", HttpStatusCode.OK);
        await AskAsync(fleet, "/v1/embeddings", ClientKey, $$"""{"model":"foreign-model","input":"{{Prompt}}"}""", HttpStatusCode.OK);
        await AskAsync(fleet, "/v1/chat/completions", ClientKey, Chat(Prompt, "true"), HttpStatusCode.NotFound);
        await AskAsync(fleet, "/v1/chat/completions", ClientKey, $$"""{"{{Prompt}}":""", HttpStatusCode.BadRequest);
        await AskAsync(fleet, $"/{Prompt}?key={ClientKey}", ClientKey, "{}", HttpStatusCode.NotFound);
        await AskAsync(fleet, $"/v1/chat/completions?api_key={ClientKey}", null, Chat("tiercel-tiny", "true"), HttpStatusCode.Unauthorized);
        Assert.True(shown >= 9, "the engine was not shown its key");
        string metrics = await fleet.Client.GetStringAsync(new Uri($"{fleet.Url}/metrics"), TestContext.Current.CancellationToken);

        // What is searched below for what should not be there must have all that should.
        string[] spans =
        [
            "tiercel-gateway", "chat tiercel-tiny", "chat foreign-model", "text_completion tiercel-tiny", "embeddings foreign-model", "tiercel.admit", "tiercel.route",
            "gen_ai.usage.output_tokens", "leaky", "talkative", .. capture ? (string[])["gen_ai.input.messages", "gen_ai.output.messages", Prompt, Answer] : [],
        ];
        string[] instruments = ["gen_ai.server.request.duration", "gen_ai.client.token.usage", "tiercel.gateway.requests", "tiercel.gateway.tenant.tokens", "leaky", "talkative"];
        await UntilAsync(() => spans.All(text => Exported("/v1/traces", text)) && instruments.All(text => Exported("/v1/metrics", text)));
        await fleet.Gateway.SignalAsync("TERM");
        Assert.Equal(0, await fleet.Gateway.WaitAsync());
        byte[] traces = [.. exports.Where(one => one.Path == "/v1/traces").SelectMany(one => one.Body)];
        Dictionary<string, byte[]> places = new()
        {
            ["metrics that were exported"] = [.. exports.Where(one => one.Path == "/v1/metrics").SelectMany(one => one.Body)],
            ["/metrics"] = Encoding.UTF8.GetBytes(metrics),
            ["standard output"] = Encoding.UTF8.GetBytes(await fleet.Gateway.Output.ReadToEndAsync(TestContext.Current.CancellationToken)),
            ["standard error"] = Encoding.UTF8.GetBytes(await fleet.Gateway.ErrorAsync()),
            ["the request log"] = await File.ReadAllBytesAsync(log, TestContext.Current.CancellationToken),
            ["the ledger"] = await File.ReadAllBytesAsync(fleet.Ledger, TestContext.Current.CancellationToken),
        };
        Assert.All(places, place => Assert.Null(Leak(place.Key, place.Value, [.. Keys, .. Texts])));
        Assert.Null(Leak("traces", traces, capture ? Keys : [.. Keys, .. Texts]));
        bool Exported(string path, string text) => exports.Any(one => one.Path == path && one.Body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0);
        Assert.Equal(["/v1/metrics", "/v1/traces"], exports.Select(one => one.Path).Distinct().Order());

        // What should be there is there: the places that were searched are not empty.
        AssertHolds(traces, spans);
        AssertHolds(places["metrics that were exported"], instruments);
        AssertHolds(places["/metrics"], "tiercel_gateway_requests_total", "leaky");
        AssertHolds(places["the request log"], "leaky", "foreign-model");
        AssertHolds(places["the ledger"], "leaky", "foreign-model", "talkative");
    }

    [Fact]
    public void A_plant_is_found_as_it_is_and_encoded()
    {
        foreach (string canary in (string[])[.. Keys, .. Texts])
        {
            for (int before = 0; before < 3; before++)
            {
                byte[] plant = Encoding.UTF8.GetBytes($"{new string('x', before)}{canary} and more");
                Assert.NotNull(Leak("a plant", plant, [canary]));
                Assert.NotNull(Leak("a plant", Encoding.UTF8.GetBytes(Convert.ToBase64String(plant)), [canary]));
                Assert.NotNull(Leak("a plant", Encoding.UTF8.GetBytes(Convert.ToHexString(plant)), [canary]));
                Assert.NotNull(Leak("a plant", Encoding.UTF8.GetBytes(Convert.ToHexStringLower(plant)), [canary]));
                Assert.NotNull(Leak("a plant", Encoding.UTF8.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes(canary[^14..]))), [canary]));
            }

            Assert.Null(Leak("nothing", Encoding.UTF8.GetBytes("canary-other-0000000000"), [canary]));
        }
    }

    /// <summary>An engine that repeats what it was sent, its key included, wherever it can.</summary>
    private static async Task EngineAsync(HttpContext context, Action shown)
    {
        using StreamReader reader = new(context.Request.Body);
        string body = await reader.ReadToEndAsync();
        string key = context.Request.Headers.Authorization.ToString();
        if (context.Request.Method != "POST")
        {
            context.Response.StatusCode = 404;
            return;
        }

        if (key == $"Bearer {UpstreamKey}")
        {
            shown();
        }

        string all = $"{key} {Prompt} {Answer}";
        if (body.Contains("unauthorized", StringComparison.Ordinal) || body.Contains("failing", StringComparison.Ordinal))
        {
            context.Response.StatusCode = body.Contains("failing", StringComparison.Ordinal) ? 500 : 401;
            context.Response.Headers["x-engine-says"] = all;
            await context.Response.WriteAsync($$$"""{"error":{"message":"Incorrect API key provided: {{{all}}}","type":"{{{all}}}","code":"{{{all}}}"}}""");
        }
        else if (body.Contains("refusing", StringComparison.Ordinal) || body.Contains("quoting", StringComparison.Ordinal))
        {
            string quoted = body.Contains("quoting", StringComparison.Ordinal) ? all : Prompt;
            context.Response.StatusCode = 400;
            await context.Response.WriteAsync($$$"""{"error":{"message":"This prompt is too rude: {{{quoted}}}","type":"{{{quoted}}}","code":"{{{quoted}}}"}}""");
        }
        else if (context.Request.Path == "/v1/embeddings")
        {
            await context.Response.WriteAsync($$$"""{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"model":"{{{Prompt}}}","usage":{"prompt_tokens":3,"total_tokens":3}}""");
        }
        else if (body.Contains("\"stream\":true", StringComparison.Ordinal))
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync($": {all}\n\n");
            await SendAsync("""[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]""");
            await SendAsync($$$"""[{"index":0,"delta":{"content":"{{{Answer}}}"},"finish_reason":null}]""");
            if (body.Contains("breaking", StringComparison.Ordinal))
            {
                string type = body.Contains("breaking off", StringComparison.Ordinal) ? "authentication_error" : "server_error";
                await context.Response.WriteAsync($$$"""data: {"error":{"message":"Incorrect API key provided: {{{all}}}","type":"{{{type}}}","code":"{{{all}}}"}}""" + "\n\n");
                return;
            }

            await SendAsync("""[{"index":0,"delta":{},"finish_reason":"stop"}]""");
            await SendAsync("[]", ""","usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}""");
            await context.Response.WriteAsync("data: [DONE]\n\n");
        }
        else if (body.Contains("breaking", StringComparison.Ordinal))
        {
            await context.Response.WriteAsync($$$"""{"error":{"message":"Incorrect API key provided: {{{all}}}","type":"server_error","code":"{{{all}}}"}}""");
        }
        else
        {
            await context.Response.WriteAsync(
                $$$"""{"id":"{{{Prompt}}}","object":"chat.completion","created":1,"model":"{{{Prompt}}}","choices":[{"index":0,"message":{"role":"assistant","content":"{{{Answer}}}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}""");
        }

        Task SendAsync(string choices, string rest = "") => context.Response.WriteAsync(
            $"data: {{\"id\":\"{Prompt}\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"{Prompt}\",\"choices\":{choices}{rest}}}\n\n");
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using CancellationTokenSource watchdog = new(TimeSpan.FromMinutes(2));
        while (!condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, watchdog.Token);
        }
    }

    private static string Chat(string model, string stream, string mood = "kind") => $$"""
        {"model":"{{model}}","stream":{{stream}},"max_tokens":3,"user":"{{mood}}","messages":[{"role":"system","content":"{{Prompt}}"},{"role":"user","content":"Say {{Prompt}}."}]}
        """;

    private static async Task AskAsync(ProcessFleet fleet, string path, string? key, string body, HttpStatusCode expected)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, fleet.Url + path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = key is null ? null : new("Bearer", key);
        request.Headers.Add("x-tiercel-tenant", Prompt);
        using HttpResponseMessage answer = await fleet.Client.SendAsync(request);
        string text = $"{answer}\n{await answer.Content.ReadAsStringAsync()}";
        Assert.True(answer.StatusCode == expected, $"{path} {body}: {text}");

        Assert.Null(Leak($"the answer {text}", Encoding.UTF8.GetBytes(text), Keys));
    }

    private static void AssertHolds(byte[] place, params string[] texts) => Assert.All(texts, text => Assert.True(place.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0, $"'{text}' is not there"));

    /// <returns>What was found where, or null. The last fourteen characters are enough of a mark, as they are, in hexadecimal digits, or in base64 from wherever it begins.</returns>
    private static string? Leak(string place, byte[] bytes, string[] canaries)
    {
        foreach (string canary in canaries)
        {
            byte[] mark = Encoding.UTF8.GetBytes(canary[^14..]);
            IEnumerable<byte[]> forms = [mark, Encoding.ASCII.GetBytes(Convert.ToHexString(mark)), Encoding.ASCII.GetBytes(Convert.ToHexStringLower(mark)), .. Base64(mark)];
            if (forms.FirstOrDefault(form => bytes.AsSpan().IndexOf(form) >= 0) is byte[] found)
            {
                return $"{place} holds {canary} as {Encoding.UTF8.GetString(found)}";
            }
        }

        return null;
    }

    /// <summary>The digits that stand for the mark alone, for each of the three places in a group at which it can begin.</summary>
    private static IEnumerable<byte[]> Base64(byte[] mark)
    {
        for (int offset = 0; offset < 3; offset++)
        {
            string digits = Convert.ToBase64String([.. new byte[offset], .. mark]);
            int first = offset == 0 ? 0 : offset + 1;
            int whole = (offset + mark.Length) * 8 / 6;
            yield return Encoding.ASCII.GetBytes(digits[first..whole]);
            yield return Encoding.ASCII.GetBytes(digits[first..whole].Replace('+', '-').Replace('/', '_'));
        }
    }
}
