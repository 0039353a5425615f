using System.Text.Json;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Fleet;

/// <summary>The request path in front of foreign engines that behave, break, refuse and lie.</summary>
public sealed class ForeignEngineTests
{
    private const string Ask = """{"model":"m","messages":[{"role":"user","content":"hi"}],"vendor_field":{"x":[1,2]}}""";
    private const string Role = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n";
    private const string AskStream = """{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}],"vendor_field":{"x":[1,2]}}""";

    [Fact]
    public async Task Bodies_are_forwarded_as_they_came_but_for_the_models_name()
    {
        await using ScriptedUpstream engine = ScriptedAnswers.Sound();
        await using TestFleet fleet = await TestFleet.StartAsync(TestFleet.Of(engine.Settings() with { Model = "theirs" }));
        (int status, string body) = await fleet.PostTextAsync(Ask);
        Assert.Equal(200, status);
        Assert.Contains("one two", body, StringComparison.Ordinal);
        string sent = engine.Requests.Single(request => request.StartsWith("POST", StringComparison.Ordinal));
        Assert.EndsWith(Ask.Replace("\"m\"", "\"theirs\"", StringComparison.Ordinal), sent, StringComparison.Ordinal);
        Assert.DoesNotContain("x-tiercel", sent, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Usage_is_asked_for_and_taken_out_again_when_the_client_had_not_asked()
    {
        await using ScriptedUpstream engine = ScriptedAnswers.Sound();
        await using TestFleet fleet = await TestFleet.StartAsync(TestFleet.Of(engine.Settings()));
        (int status, string stream) = await fleet.PostTextAsync(AskStream);
        Assert.Equal(200, status);
        Assert.Equal(ScriptedAnswers.Chunk("one ") + ScriptedAnswers.Chunk("two") + ScriptedAnswers.Finish + ScriptedAnswers.Done, stream);
        Assert.Contains("include_usage\":true", engine.Requests.Single(request => request.StartsWith("POST", StringComparison.Ordinal)), StringComparison.Ordinal);

        (_, stream) = await fleet.PostTextAsync(AskStream.Replace("\"stream\":true", "\"stream\":true,\"stream_options\":{\"include_usage\":true}", StringComparison.Ordinal));
        Assert.Equal(ScriptedAnswers.WholeStream, stream);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_failure_before_the_first_byte_is_tried_again_elsewhere_and_not_seen(bool streams)
    {
        await using ScriptedUpstream broken = ScriptedAnswers.Engine((connection, _) =>
        {
            connection.Reset();
            return Task.CompletedTask;
        });
        await using ScriptedUpstream sound = ScriptedAnswers.Sound();
        await using TestFleet fleet = await TestFleet.StartAsync(Pair(broken, sound));
        for (int i = 0; i < 6; i++)
        {
            (int status, string body) = await fleet.PostTextAsync(streams ? AskStream : Ask);
            Assert.Equal(200, status);
            Assert.Contains("two", body, StringComparison.Ordinal);
        }

        await TestFleet.UntilAsync(() => broken.Done.Contains("reset"));
    }

    [Theory]
    [InlineData("cut")]
    [InlineData("done without an end")]
    [InlineData("error event")]
    [InlineData("garbage")]
    public async Task A_stream_that_breaks_ends_with_an_error_and_never_as_if_it_were_whole(string how)
    {
        await using ScriptedUpstream engine = ScriptedAnswers.Engine(async (connection, _) =>
        {
            await connection.SendAsync(ScriptedAnswers.StreamHead + ScriptedAnswers.Chunked(ScriptedAnswers.Chunk("one ")));
            await connection.PeerHasReadAsync();
            connection.Note("broken");
            switch (how)
            {
                case "cut":
                    connection.Reset();
                    return;
                case "done without an end":
                    await connection.SendAsync(ScriptedAnswers.Chunked(ScriptedAnswers.Done) + "0\r\n\r\n");
                    break;
                case "error event":
                    await connection.SendAsync(ScriptedAnswers.Chunked("data: {\"error\":{\"message\":\"out of memory\",\"type\":\"server_error\"}}\n\n") + "0\r\n\r\n");
                    break;
                default:
                    await connection.SendAsync(ScriptedAnswers.Chunked("data: <html>sorry</html>\n\n") + "0\r\n\r\n");
                    break;
            }
        });
        await using TestFleet fleet = await TestFleet.StartAsync(TestFleet.Of(engine.Settings()));
        (int status, string stream) = await fleet.PostTextAsync(AskStream);
        Assert.NotEmpty(engine.Done);
        Assert.Equal(200, status);
        Assert.StartsWith(ScriptedAnswers.Chunk("one "), stream, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", stream, StringComparison.Ordinal);
        Assert.DoesNotContain("finish_reason\":\"stop", stream, StringComparison.Ordinal);
        string[] events = stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.True(JsonElement.Parse(events[^1]["data: ".Length..]).TryGetProperty("error", out _));
    }

    [Fact]
    public async Task A_message_is_continued_by_an_engine_that_can_when_another_is_lost()
    {
        await using ScriptedUpstream broken = ScriptedAnswers.Engine(async (connection, _) =>
        {
            await connection.SendAsync(ScriptedAnswers.StreamHead + ScriptedAnswers.Chunked(Role + ScriptedAnswers.Chunk("one \\\"quoted\\\" ")));
            await connection.PeerHasReadAsync();
            connection.Reset();
        });
        await using ScriptedUpstream sound = ScriptedAnswers.Engine((connection, _) =>
            connection.SendAsync(ScriptedAnswers.StreamHead + ScriptedAnswers.Chunked(OfAnother(Role + ScriptedAnswers.WholeStream)) + "0\r\n\r\n"));
        UpstreamCapabilities continues = UpstreamCapabilities.Chat | UpstreamCapabilities.ContinueMessage;
        FleetConfiguration configuration = TestFleet.Of(
            broken.Settings() with { Name = "broken", Capabilities = continues }, sound.Settings() with { Name = "sound", Capabilities = continues });
        await using TestFleet fleet = await TestFleet.StartAsync(configuration);
        while (!broken.Done.Contains("reset"))
        {
            (int status, string stream) = await fleet.PostTextAsync(AskStream);
            Assert.Equal(200, status);
            Assert.EndsWith(ScriptedAnswers.Done, stream, StringComparison.Ordinal);
            string role = stream.StartsWith(Role, StringComparison.Ordinal) ? Role : OfAnother(Role);
            Assert.Equal(0, stream.LastIndexOf(role, StringComparison.Ordinal));

            // Clients take all chunks for those of one answer: they say of themselves what the first said.
            string[] whose = [.. stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Where(part => part.StartsWith("data: {", StringComparison.Ordinal))
                .Select(part => JsonElement.Parse(part["data: ".Length..])).Select(chunk => $"{chunk.GetProperty("id")} {chunk.GetProperty("created")} {chunk.GetProperty("model")}")];
            Assert.True(whose.Length >= 4);
            Assert.Single(whose.Distinct());
        }

        string continued = sound.Requests.Last(request => request.Contains("continue_final_message", StringComparison.Ordinal));
        Assert.Contains("\"continue_final_message\":true", continued, StringComparison.Ordinal);
        JsonElement body = JsonElement.Parse(continued[(continued.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);
        Assert.Equal("one \"quoted\" ", body.GetProperty("messages")[1].GetProperty("content").GetString());
    }

    [Fact]
    public async Task An_engine_that_is_lost_behind_its_role_is_followed_by_another_and_the_role_is_said_once()
    {
        await using ScriptedUpstream broken = ScriptedAnswers.Engine(async (connection, _) =>
        {
            await connection.SendAsync(ScriptedAnswers.StreamHead + ScriptedAnswers.Chunked(Role));
            await connection.PeerHasReadAsync();
            connection.Reset();
        });
        await using ScriptedUpstream sound = ScriptedAnswers.Engine((connection, _) =>
            connection.SendAsync(ScriptedAnswers.StreamHead + ScriptedAnswers.Chunked(Role + ScriptedAnswers.WholeStream) + "0\r\n\r\n"));
        await using TestFleet fleet = await TestFleet.StartAsync(Pair(broken, sound));
        while (!broken.Done.Contains("reset"))
        {
            (int status, string stream) = await fleet.PostTextAsync(AskStream);
            Assert.Equal(200, status);
            Assert.Equal(Role + ScriptedAnswers.Chunk("one ") + ScriptedAnswers.Chunk("two") + ScriptedAnswers.Finish + ScriptedAnswers.Done, stream);
        }
    }

    [Fact]
    public async Task A_message_that_was_lost_with_its_last_token_ends_for_its_length_and_its_usage_is_an_estimate()
    {
        await using ScriptedUpstream engine = ScriptedAnswers.Engine(async (connection, _) =>
        {
            await connection.SendAsync(ScriptedAnswers.StreamHead + ScriptedAnswers.Chunked(ScriptedAnswers.Chunk("one ") + ScriptedAnswers.Chunk("two")));
            await connection.PeerHasReadAsync();
            connection.Reset();
        });
        await using TestFleet fleet = await TestFleet.StartAsync(TestFleet.Of(engine.Settings() with { Capabilities = UpstreamCapabilities.Chat | UpstreamCapabilities.ContinueMessage }));
        string ask = AskStream.Replace("\"stream\":true", "\"stream\":true,\"max_tokens\":2,\"stream_options\":{\"include_usage\":true}", StringComparison.Ordinal);
        (int status, string stream) = await fleet.PostTextAsync(ask);
        Assert.Equal(200, status);
        await TestFleet.UntilAsync(() => engine.Done.Contains("reset"));
        string[] events = stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(5, events.Length);
        Assert.Equal("length", JsonElement.Parse(events[2]["data: ".Length..]).GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Equal(2, JsonElement.Parse(events[3]["data: ".Length..]).GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.Equal("data: [DONE]", events[4]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Chunks_say_that_there_is_no_usage_yet_only_to_who_asked_for_usage(bool asks)
    {
        // Its second chunk has a text that looks like the end of an object.
        string[] chunks = [.. ((string[])["one ", "\\\",\\\"usage\\\":null}"]).Select(ScriptedAnswers.Chunk), ScriptedAnswers.Finish];
        string[] nulls = [.. chunks.Select(chunk => chunk.Replace("}\n\n", ",\"usage\":null}\n\n", StringComparison.Ordinal))];
        string all = string.Concat(nulls) + ScriptedAnswers.UsageChunk + ScriptedAnswers.Done;
        await using ScriptedUpstream engine = ScriptedAnswers.Engine((connection, _) => connection.SendAsync(ScriptedAnswers.StreamHead + ScriptedAnswers.Chunked(all) + "0\r\n\r\n"));
        await using TestFleet fleet = await TestFleet.StartAsync(TestFleet.Of(engine.Settings()));
        string ask = asks ? AskStream.Replace("\"stream\":true", "\"stream\":true,\"stream_options\":{\"include_usage\":true}", StringComparison.Ordinal) : AskStream;
        (_, string stream) = await fleet.PostTextAsync(ask);
        Assert.Equal(asks ? all : string.Concat(chunks) + ScriptedAnswers.Done, stream);
    }

    [Fact]
    public async Task A_refusal_of_the_engine_reaches_the_client_as_it_is_and_is_not_tried_again()
    {
        const string Refusal = """{"error":{"message":"max_tokens is too large","type":"invalid_request_error","param":"max_tokens","code":"invalid_value"}}""";
        await using ScriptedUpstream engine = ScriptedAnswers.Engine((connection, _) => connection.SendAsync(ScriptedAnswers.Json(Refusal, "400 Bad Request")));
        await using TestFleet fleet = await TestFleet.StartAsync(TestFleet.Of(engine.Settings()));
        (int status, string body) = await fleet.PostTextAsync(AskStream);
        Assert.Equal((400, Refusal), (status, body));
        Assert.Equal(1, engine.Requests.Count(request => request.StartsWith("POST", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("401 Unauthorized", "p/scripted refuses the gateway with status 401: is its key right?")]
    [InlineData("404 Not Found", "p/scripted refuses the gateway with status 404: is its url right, and does it have a model 'm'?")]
    public async Task An_engine_that_refuses_the_gateway_itself_is_told_to_its_operator_once_and_not_to_clients(string status, string expected)
    {
        const string Refusal = """{"error":{"message":"Incorrect API key provided: sk-canary","type":"invalid_request_error","code":"invalid_api_key"}}""";
        await using ScriptedUpstream engine = ScriptedAnswers.Engine((connection, _) => connection.SendAsync(ScriptedAnswers.Json(Refusal, status)));
        await using TestFleet fleet = await TestFleet.StartAsync(TestFleet.Of(engine.Settings()));
        System.Collections.Concurrent.ConcurrentQueue<string> said = [];
        fleet.Server.Said += said.Enqueue;
        for (int i = 0; i < 2; i++)
        {
            (int told, string body) = await fleet.PostTextAsync(i == 0 ? Ask : AskStream);
            Assert.Equal(502, told);
            Assert.DoesNotContain("canary", body, StringComparison.Ordinal);
        }

        Assert.Equal(expected, Assert.Single(said, line => line.Contains("refuses", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_cancel_of_a_client_closes_the_engines_connection()
    {
        await using ScriptedUpstream engine = ScriptedAnswers.Engine(async (connection, _) =>
        {
            await connection.SendAsync(ScriptedAnswers.StreamHead + ScriptedAnswers.Chunked(ScriptedAnswers.Chunk("one ")));
            await connection.UntilClosedAsync();
        });
        await using TestFleet fleet = await TestFleet.StartAsync(TestFleet.Of(engine.Settings()));
        using (HttpRequestMessage request = new(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(AskStream, System.Text.Encoding.UTF8, "application/json") })
        using (HttpResponseMessage response = await fleet.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead))
        {
            Assert.True(response.IsSuccessStatusCode);
        }

        using CancellationTokenSource watchdog = new(TestGateway.Watchdog);
        while (!engine.Done.Contains("peer closed"))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, watchdog.Token);
        }
    }

    [Fact]
    public async Task Where_a_request_went_and_why_is_told_on_demand_and_kept()
    {
        await using ScriptedUpstream engine = ScriptedAnswers.Sound();
        await using TestFleet fleet = await TestFleet.StartAsync(TestFleet.Of(engine.Settings()));
        using HttpResponseMessage response = await fleet.PostAsync(Ask, headers: [("x-tiercel-explain", "1"), ("x-request-id", "why-me")]);
        Assert.StartsWith("scripted; cost", response.Headers.GetValues("x-tiercel-routed").Single(), StringComparison.Ordinal);
        JsonElement kept = await fleet.ExplainAsync("why-me");
        Assert.Equal("scripted", kept.GetProperty("attempts")[0].GetProperty("upstream").GetString());
        Assert.Equal(1, kept.GetProperty("attempts")[0].GetProperty("candidates").GetArrayLength());

        // Nobody else is told, not even that there is something.
        using HttpResponseMessage stranger = await fleet.Client.GetAsync("/internal/requests/why-me");
        Assert.Equal(404, (int)stranger.StatusCode);
    }

    [Theory]
    [InlineData("GET", "/internal/requests/none", "request_not_kept")]
    [InlineData("POST", "/internal/drain/none", "upstream_not_found")]
    [InlineData("DELETE", "/internal/drain/none", "upstream_not_found")]
    public async Task What_is_not_there_is_named_to_the_fleet_and_no_path_to_strangers(string method, string path, string code)
    {
        await using ScriptedUpstream engine = ScriptedAnswers.Sound();
        await using TestFleet fleet = await TestFleet.StartAsync(TestFleet.Of(engine.Settings()));
        foreach (string? secret in (string?[])[TestFleet.Secret, null, "another"])
        {
            using HttpRequestMessage request = new(new HttpMethod(method), path);
            if (secret is not null)
            {
                request.Headers.Add("Authorization", $"Bearer {secret}");
            }

            using HttpResponseMessage response = await fleet.Client.SendAsync(request);
            Assert.Equal(404, (int)response.StatusCode);
            Assert.Contains(secret == TestFleet.Secret ? code : "unknown_url", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    private static FleetConfiguration Pair(ScriptedUpstream first, ScriptedUpstream second) =>
        TestFleet.Of(first.Settings() with { Name = "first" }, second.Settings() with { Name = "second" });

    /// <summary>Chunks as another engine would write them.</summary>
    private static string OfAnother(string chunks) => chunks
        .Replace("\"id\":\"c\"", "\"id\":\"another\"", StringComparison.Ordinal).Replace("\"created\":1,", "\"created\":22,", StringComparison.Ordinal).Replace("\"model\":\"m\"", "\"model\":\"m-2\"", StringComparison.Ordinal);
}
