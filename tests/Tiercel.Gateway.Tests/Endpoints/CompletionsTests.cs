using System.Text.Json;
using Tiercel.Engine;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Endpoints;

public sealed class CompletionsTests
{
    [Fact]
    public async Task A_text_is_continued_with_the_defaults_of_the_api()
    {
        FakeEngine engine = new();
        await using TestGateway gateway = await TestGateway.StartAsync(engine);
        (int status, JsonElement body) = await gateway.PostJsonAsync("/v1/completions", """{"model":"fake","prompt":"ab"}""");
        Assert.Equal(200, status);
        Assert.Equal("text_completion", body.GetProperty("object").GetString());
        Assert.StartsWith("cmpl-", body.GetProperty("id").GetString(), StringComparison.Ordinal);
        Assert.Equal("Hello, world! é", body.GetProperty("choices")[0].GetProperty("text").GetString());
        Assert.Equal("length", body.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Equal(JsonValueKind.Null, body.GetProperty("choices")[0].GetProperty("logprobs").ValueKind);
        GenerationRequest request = Assert.Single(engine.Requests);
        Assert.Equal([FakeTokenizer.Bos, 'a', 'b'], request.Prompt);
        Assert.Equal(16, request.MaxTokens);
        Assert.Equal(3, body.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
        Assert.Equal(16, body.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.Equal(2, body.GetProperty("usage").GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32());
    }

    /// <summary>The request that lm-evaluation-harness sends for log likelihoods (<c>local-completions</c> with tokenized_requests).</summary>
    [Fact]
    public async Task The_evaluation_harness_gets_log_probabilities_of_its_token_ids()
    {
        await using TestGateway gateway = await TestGateway.StartAsync();
        (int status, JsonElement body) = await gateway.PostJsonAsync(
            "/v1/completions",
            """{"model":"fake","prompt":[[72,101,121,240],[66,65]],"temperature":0,"max_tokens":1,"logprobs":1,"seed":1234,"echo":true}""");
        Assert.Equal(200, status);
        JsonElement choices = body.GetProperty("choices");
        Assert.Equal(2, choices.GetArrayLength());
        Assert.Equal([0, 1], choices.EnumerateArray().Select(choice => choice.GetProperty("index").GetInt32()));

        JsonElement logprobs = choices[0].GetProperty("logprobs");
        JsonElement[] values = [.. logprobs.GetProperty("token_logprobs").EnumerateArray()];
        JsonElement[] top = [.. logprobs.GetProperty("top_logprobs").EnumerateArray()];
        // The harness takes [context length : -1]: one entry a prompt token, then one for the generated token.
        Assert.Equal(5, values.Length);
        Assert.Equal(5, top.Length);
        Assert.Equal(JsonValueKind.Null, values[0].ValueKind);
        Assert.Equal(JsonValueKind.Null, top[0].ValueKind);
        Assert.Equal(FakeEngine.LogprobOf(101), values[1].GetSingle());
        // Its greedy test compares the chosen value with the largest of the alternatives, so both must be in one object, written alike.
        Assert.Equal(-0.25f, top[1].GetProperty("A").GetSingle());
        Assert.Equal(values[1].GetRawText(), top[1].GetProperty("e").GetRawText());
        Assert.Equal(["H", "e", "y", "bytes:\\xf0", "H"], logprobs.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()!));
        Assert.Equal([0, 1, 2, 3, 3], logprobs.GetProperty("text_offset").EnumerateArray().Select(offset => offset.GetInt32()));
        Assert.Equal("Hey�H", choices[0].GetProperty("text").GetString());
        // A chosen token that is the likeliest is there once, with the likeliest value.
        Assert.Equal(-0.25f, choices[1].GetProperty("logprobs").GetProperty("top_logprobs")[1].GetProperty("A").GetSingle());
    }

    [Fact]
    public async Task No_token_is_generated_where_only_the_prompt_is_scored()
    {
        await using TestGateway gateway = await TestGateway.StartAsync();
        (int status, JsonElement body) = await gateway.PostJsonAsync(
            "/v1/completions", """{"model":"fake","prompt":[72,105],"temperature":0,"max_tokens":0,"logprobs":1,"echo":true}""");
        Assert.Equal(200, status);
        Assert.Equal("Hi", body.GetProperty("choices")[0].GetProperty("text").GetString());
        Assert.Equal(2, body.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("token_logprobs").GetArrayLength());
        Assert.Equal("length", body.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Equal(0, body.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    /// <summary>The request that the harness sends for generation.</summary>
    [Fact]
    public async Task The_evaluation_harness_gets_generations_in_order()
    {
        FakeEngine engine = new();
        await using TestGateway gateway = await TestGateway.StartAsync(engine);
        (int status, JsonElement body) = await gateway.PostJsonAsync(
            "/v1/completions",
            """{"prompt":[[1,2],[3],[4]],"model":"fake","max_tokens":4,"temperature":0,"stop":["\n\n","Question:","</s>"],"seed":1234}""");
        Assert.Equal(200, status);
        Assert.Equal([0, 1, 2], body.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("index").GetInt32()));
        Assert.All(body.GetProperty("choices").EnumerateArray(), choice => Assert.Equal("Hell", choice.GetProperty("text").GetString()));
        Assert.All(engine.Requests, request => Assert.Equal(["\n\n", "Question:", "</s>"], request.StopStrings));
        Assert.Equal(4, body.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
        Assert.Equal(12, body.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task A_stream_ends_with_its_finish_its_usage_and_done()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(new FakeEngine { Answer = "Hi" });
        List<string> events = await gateway.PostStreamAsync(
            "/v1/completions", """{"model":"fake","prompt":["a","b"],"n":2,"stream":true,"stream_options":{"include_usage":true},"echo":true}""");
        Assert.Equal("[DONE]", events[^1]);
        JsonElement usage = JsonElement.Parse(events[^2]);
        Assert.Equal(0, usage.GetProperty("choices").GetArrayLength());
        Assert.Equal(8, usage.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        string[] texts = ["", "", "", ""];
        int[] finishes = [0, 0, 0, 0];
        foreach (string line in events[..^2])
        {
            JsonElement choice = JsonElement.Parse(line).GetProperty("choices")[0];
            int index = choice.GetProperty("index").GetInt32();
            Assert.Equal(0, finishes[index]);
            texts[index] += choice.GetProperty("text").GetString();
            finishes[index] += choice.GetProperty("finish_reason").ValueKind == JsonValueKind.Null ? 0 : 1;
        }

        Assert.Equal(["aHi", "aHi", "bHi", "bHi"], texts);
        Assert.Equal([1, 1, 1, 1], finishes);
    }

    [Fact]
    public async Task A_batch_larger_than_the_queue_waits_for_itself()
    {
        FakeEngine engine = new();
        int inside = 0;
        engine.OnSubmit = request =>
        {
            if (Volatile.Read(ref inside) == 3)
            {
                return new Submission(null, new EngineError(EngineErrorKind.QueueFull, "full"));
            }

            Interlocked.Increment(ref inside);
            FakeStream stream = new(request);
            _ = AnswerLaterAsync(stream);
            return new Submission(stream, null);
        };
        async Task AnswerLaterAsync(FakeStream stream)
        {
            await Task.Yield();
            Interlocked.Decrement(ref inside);
            stream.SendText($"<{stream.Request.Prompt[^1]}>");
            stream.Finish();
        }

        await using TestGateway gateway = await TestGateway.StartAsync(engine);
        string prompts = string.Join(',', Enumerable.Range(0, 100).Select(i => $"[{i}]"));
        (int status, JsonElement body) = await gateway.PostJsonAsync("/v1/completions", $$"""{"prompt":[{{prompts}}]}""");
        Assert.Equal(200, status);
        Assert.Equal(
            Enumerable.Range(0, 100).Select(i => $"<{i}>"),
            body.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("text").GetString()!));
    }

    [Fact]
    public async Task A_queue_that_was_full_of_the_batch_and_is_empty_when_that_is_seen_is_tried_again()
    {
        FakeEngine engine = new();
        FakeStream?[] streams = new FakeStream?[3];
        int refused = 0;
        TaskCompletionSource two = new(TaskCreationOptions.RunContinuationsAsynchronously);
        engine.OnSubmit = request =>
        {
            int prompt = request.Prompt[^1];
            if (prompt == 2 && Interlocked.Increment(ref refused) == 1)
            {
                // It finds the queue full, and all others of the batch are through before anybody looks at that.
                Answer(streams[1]!);
                return new Submission(null, new EngineError(EngineErrorKind.QueueFull, "full"));
            }

            streams[prompt] = new FakeStream(request, inline: true);
            if (prompt == 1)
            {
                two.SetResult();
            }
            else if (prompt == 2)
            {
                Answer(streams[prompt]!);
            }

            return new Submission(streams[prompt]!, null);
        };
        await using TestGateway gateway = await TestGateway.StartAsync(engine, new GatewayOptions { MaxPromptsInFlight = 2 });
        Task<(int Status, JsonElement Body)> answering = gateway.PostJsonAsync("/v1/completions", """{"prompt":[[0],[1],[2]]}""");
        await two.Task.WaitAsync(TestGateway.Watchdog);
        Answer(streams[0]!);
        (int status, JsonElement body) = await answering;
        Assert.True(status == 200, body.GetRawText());
        Assert.Equal(2, refused);
        Assert.Equal(["<0>", "<1>", "<2>"], body.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("text").GetString()!));

        static void Answer(FakeStream stream)
        {
            stream.SendText($"<{stream.Request.Prompt[^1]}>");
            stream.Finish();
        }
    }

    [Fact]
    public async Task A_failure_in_a_batch_fails_the_whole_request_and_cancels_the_rest()
    {
        FakeEngine engine = new();
        List<FakeStream> streams = [];
        engine.OnSubmit = request =>
        {
            FakeStream stream = new(request);
            streams.Add(stream);
            if (streams.Count == 2)
            {
                stream.Finish(FinishReason.Error, error: new EngineError(EngineErrorKind.Internal, "broken"));
            }

            return new Submission(stream, null);
        };
        await using TestGateway gateway = await TestGateway.StartAsync(engine);
        (int status, JsonElement body) = await gateway.PostJsonAsync("/v1/completions", """{"prompt":["a","b","c"]}""");
        Assert.Equal(500, status);
        Assert.Equal("broken", body.GetProperty("error").GetProperty("message").GetString());
        Assert.Equal(3, streams.Count);
        await Task.WhenAll(streams.Select(stream => stream.Cancelled)).WaitAsync(TestGateway.Watchdog);
    }
}
