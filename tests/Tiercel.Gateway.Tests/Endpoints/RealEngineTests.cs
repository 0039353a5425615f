using System.Text.Json;
using Tiercel.Engine;
using Tiercel.Gateway.Tests.Fakes;
using Tiercel.Testing;

namespace Tiercel.Gateway.Tests.Endpoints;

/// <summary>The whole way through the bundled model.</summary>
public sealed class RealEngineTests : IDisposable
{
    private readonly InferenceEngine _engine = InferenceEngine.Load(
        Path.Combine(TestFiles.RepositoryRoot, "models", "tiercel-tiny-q8_0.gguf"),
        new InferenceEngineOptions { ContextLength = 256, KvMemoryBytes = 64L << 20, Threads = 2 },
        TimeProvider.System);

    public void Dispose() => _engine.Dispose();

    [Fact]
    public async Task A_seeded_answer_is_the_same_whole_and_streamed()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(_engine);
        const string Ask = "\"prompt\":\"Once upon a time\",\"max_tokens\":24,\"seed\":7,\"temperature\":0.8";
        (int status, JsonElement whole) = await gateway.PostJsonAsync("/v1/completions", $"{{{Ask}}}");
        Assert.Equal(200, status);
        string text = whole.GetProperty("choices")[0].GetProperty("text").GetString()!;
        Assert.NotEqual("", text);
        List<string> events = await gateway.PostStreamAsync("/v1/completions", $"{{{Ask},\"stream\":true}}");
        Assert.Equal(text, string.Concat(events[..^1].Select(line => JsonElement.Parse(line).GetProperty("choices")[0].GetProperty("text").GetString())));
    }

    [Fact]
    public async Task Log_probabilities_of_an_echoed_prompt_are_those_of_its_tokens_in_any_batch()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(_engine);
        int[] tokens = _engine.Tokenizer.Encode("Once upon a time there was a little falcon", parseSpecial: false, addSpecial: true);
        string ids = string.Join(',', tokens);
        (int status, JsonElement alone) = await gateway.PostJsonAsync(
            "/v1/completions", $$"""{"prompt":[[{{ids}}]],"temperature":0,"max_tokens":1,"logprobs":1,"seed":1234,"echo":true}""");
        Assert.Equal(200, status);
        JsonElement logprobs = alone.GetProperty("choices")[0].GetProperty("logprobs");
        Assert.Equal(tokens.Length + 1, logprobs.GetProperty("token_logprobs").GetArrayLength());
        Assert.All(logprobs.GetProperty("token_logprobs").EnumerateArray().Skip(1), value => Assert.InRange(value.GetSingle(), -50f, 0f));
        // At temperature 0 the generated token is the likeliest of its alternatives.
        Assert.Equal(
            logprobs.GetProperty("token_logprobs")[tokens.Length].GetSingle(),
            logprobs.GetProperty("top_logprobs")[tokens.Length].EnumerateObject().Max(pair => pair.Value.GetSingle()));
        (_, JsonElement batch) = await gateway.PostJsonAsync(
            "/v1/completions", $$"""{"prompt":[[{{tokens[0]}}],[{{ids}}],[{{ids}}]],"temperature":0,"max_tokens":0,"logprobs":1,"echo":true}""");
        string[] Scores(JsonElement choice) => [.. choice.GetProperty("logprobs").GetProperty("token_logprobs").EnumerateArray().Select(value => value.GetRawText())];
        Assert.Equal(Scores(alone.GetProperty("choices")[0])[..tokens.Length], Scores(batch.GetProperty("choices")[1]));
        Assert.Equal(Scores(batch.GetProperty("choices")[1]), Scores(batch.GetProperty("choices")[2]));
    }

    [Fact]
    public async Task A_chat_of_three_choices_with_a_limit_ends_by_length_or_stop()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(_engine);
        (int status, JsonElement body) = await gateway.PostJsonAsync(
            "/v1/chat/completions",
            """{"messages":[{"role":"user","content":"Tell me a story."}],"max_completion_tokens":8,"n":3,"logprobs":true,"top_logprobs":3}""");
        Assert.True(status == 200, body.GetRawText());
        Assert.Equal(3, body.GetProperty("choices").GetArrayLength());
        Assert.All(body.GetProperty("choices").EnumerateArray(), choice =>
        {
            Assert.Contains(choice.GetProperty("finish_reason").GetString(), new[] { "stop", "length" });
            Assert.All(
                choice.GetProperty("logprobs").GetProperty("content").EnumerateArray(),
                token => Assert.Equal(3, token.GetProperty("top_logprobs").GetArrayLength()));
        });
    }

    [Fact]
    public async Task The_end_of_the_context_ends_an_answer_and_refuses_a_prompt()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(_engine);
        string prompt = string.Join(',', Enumerable.Repeat(5, 250));
        (int status, JsonElement body) = await gateway.PostJsonAsync("/v1/completions", $$"""{"prompt":[{{prompt}}],"max_tokens":100,"ignore_eos":true}""");
        Assert.Equal(200, status);
        Assert.Equal("length", body.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Equal(6, body.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        (status, body) = await gateway.PostJsonAsync("/v1/completions", $$"""{"prompt":[{{prompt}},5,5,5,5,5,5]}""");
        Assert.Equal(400, status);
        Assert.Equal("context_length_exceeded", body.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task Text_survives_tokenize_and_detokenize()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(_engine);
        const string Text = "Once upon a time, there was a falcon.";
        (_, JsonElement tokens) = await gateway.PostJsonAsync("/tokenize", $$"""{"prompt":"{{Text}}","add_special_tokens":false}""");
        (_, JsonElement text) = await gateway.PostJsonAsync("/detokenize", $$"""{"tokens":{{tokens.GetProperty("tokens").GetRawText()}}}""");
        Assert.Equal(Text, text.GetProperty("prompt").GetString());
    }

    [Fact]
    public async Task Many_streams_with_clients_that_leave_end_once_each_and_leak_nothing()
    {
        const int Streams = 60;
        await using TestGateway gateway = await TestGateway.StartAsync(_engine);
        Random random = new(7);
        Task[] clients = new Task[Streams];
        int whole = 0;
        for (int i = 0; i < Streams; i++)
        {
            string body = $$"""{"prompt":"Once upon a time {{i % 7}}","max_tokens":{{random.Next(1, 40)}},"n":{{random.Next(1, 4)}},"seed":{{i}},"stream":true}""";
            clients[i] = ReadAsync(body, leaveAfter: random.Next(2) == 0 ? random.Next(1, 20) : int.MaxValue);
        }

        await Task.WhenAll(clients).WaitAsync(TestGateway.Watchdog * 4);
        Assert.InRange(whole, 1, Streams);
        using CancellationTokenSource watchdog = new(TestGateway.Watchdog);
        while (gateway.Server.ActiveRequests > 0 || _engine.GetStatus() is { RunningSequences: > 0 } or { WaitingSequences: > 0 })
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, watchdog.Token);
        }

        await gateway.UntilIdleAsync();
        Engine.EngineStatus status = _engine.GetStatus();
        Assert.Equal(status.TotalBlocks, status.FreeBlocks + status.CachedBlocks);
        // Each request was settled exactly once, however it ended.
        string metrics = await gateway.Client.GetStringAsync("/metrics");
        Assert.Matches($"\nvllm:e2e_request_latency_seconds_count\\{{[^}}]*\\}} {Streams}\n", metrics);

        async Task ReadAsync(string body, int leaveAfter)
        {
            using HttpResponseMessage response = await gateway.PostAsync("/v1/completions", body, HttpCompletionOption.ResponseHeadersRead);
            Assert.True(response.IsSuccessStatusCode);
            using StreamReader reader = new(await response.Content.ReadAsStreamAsync());
            int done = 0;
            for (int lines = 0; lines < leaveAfter && await reader.ReadLineAsync() is string line; lines++)
            {
                Assert.Equal(0, done);
                if (line == "data: [DONE]")
                {
                    done++;
                    Interlocked.Increment(ref whole);
                    await reader.ReadLineAsync();
                }
            }
        }
    }

    [Fact]
    public async Task An_encoder_embeds_and_generates_nothing()
    {
        string path = TestFiles.Shared("models", "real", "all-minilm-l6-v2-f16.gguf");
        using InferenceEngine encoder = InferenceEngine.Load(path, new InferenceEngineOptions { Threads = 2 }, TimeProvider.System);
        await using TestGateway gateway = await TestGateway.StartAsync(encoder);
        (int status, JsonElement body) = await gateway.PostJsonAsync(
            "/v1/embeddings", """{"input":["A falcon flies.","A hawk is flying.","The invoice is overdue."]}""");
        Assert.True(status == 200, body.GetRawText());
        float[][] vectors = [.. body.GetProperty("data").EnumerateArray().Select(item =>
            item.GetProperty("embedding").EnumerateArray().Select(value => value.GetSingle()).ToArray())];
        Assert.All(vectors, vector => Assert.Equal(384, vector.Length));
        float Cosine(int a, int b) => vectors[a].Zip(vectors[b], (x, y) => x * y).Sum();
        Assert.Equal(1f, Cosine(0, 0), 1e-3f);
        Assert.True(Cosine(0, 1) > Cosine(0, 2) + 0.2f, $"{Cosine(0, 1)} against {Cosine(0, 2)}");
        (status, body) = await gateway.PostJsonAsync("/v1/completions", """{"prompt":"a"}""");
        Assert.Equal(400, status);
        Assert.Equal("unsupported_by_model", body.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_client_that_goes_away_leaves_nothing_running()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(_engine);
        using (HttpResponseMessage response = await gateway.PostAsync(
            "/v1/completions", """{"prompt":"Once","max_tokens":200,"ignore_eos":true,"stream":true}""", HttpCompletionOption.ResponseHeadersRead))
        {
            Assert.True(response.IsSuccessStatusCode);
        }

        using CancellationTokenSource watchdog = new(TestGateway.Watchdog);
        while (_engine.GetStatus() is { RunningSequences: > 0 } or { WaitingSequences: > 0 })
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, watchdog.Token);
        }

        Engine.EngineStatus status = _engine.GetStatus();
        Assert.Equal(status.TotalBlocks, status.FreeBlocks + status.CachedBlocks);
    }
}
