using System.Runtime.InteropServices;
using System.Text.Json;
using Tiercel.Engine;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Endpoints;

public sealed class EmbeddingsTests
{
    [Theory]
    [InlineData("\"ab\"", new[] { 3 })]
    [InlineData("[\"ab\",\"c\"]", new[] { 3, 2 })]
    [InlineData("[1,2,3]", new[] { 3 })]
    [InlineData("[[1],[2,3]]", new[] { 1, 2 })]
    public async Task Text_and_token_ids_alone_and_in_batches_are_embedded_in_order(string input, int[] lengths)
    {
        await using TestGateway gateway = await TestGateway.StartAsync();
        (int status, JsonElement body) = await gateway.PostJsonAsync("/v1/embeddings", $$"""{"model":"fake","input":{{input}}}""");
        Assert.Equal(200, status);
        JsonElement data = body.GetProperty("data");
        Assert.Equal(lengths, data.EnumerateArray().Select(item => item.GetProperty("embedding")[1].GetInt32()));
        Assert.Equal(Enumerable.Range(0, lengths.Length), data.EnumerateArray().Select(item => item.GetProperty("index").GetInt32()));
        Assert.Equal(lengths.Sum(), body.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public async Task Base64_holds_little_endian_floats()
    {
        await using TestGateway gateway = await TestGateway.StartAsync();
        (_, JsonElement body) = await gateway.PostJsonAsync("/v1/embeddings", """{"input":"a","encoding_format":"base64","dimensions":3}""");
        byte[] bytes = body.GetProperty("data")[0].GetProperty("embedding").GetBytesFromBase64();
        Assert.Equal([0.6f, 2f, -0.8f], MemoryMarshal.Cast<byte, float>(bytes).ToArray());
    }

    [Theory]
    [InlineData("""{"input":"a","dimensions":2}""", "dimensions")]
    [InlineData("""{"input":"a","encoding_format":"int8"}""", "encoding_format")]
    [InlineData("""{"input":[]}""", "input")]
    [InlineData("""{"input":[1,"a"]}""", "input[1]")]
    [InlineData("""{"model":"fake"}""", "input")]
    public async Task What_cannot_be_done_is_named(string json, string parameter)
    {
        await using TestGateway gateway = await TestGateway.StartAsync();
        (int status, JsonElement body) = await gateway.PostJsonAsync("/v1/embeddings", json);
        Assert.Equal(400, status);
        Assert.Equal(parameter, body.GetProperty("error").GetProperty("param").GetString());
    }

    [Fact]
    public async Task A_batch_larger_than_the_queue_waits_for_itself()
    {
        int refusals = 0;
        FakeEngine engine = new()
        {
            // Every third try finds the queue full, as it is while the others of the batch are in it.
            OnEmbed = request => Interlocked.Increment(ref refusals) % 3 == 0
                ? new EmbeddingResult(null, new EngineError(EngineErrorKind.QueueFull, "full"))
                : new EmbeddingResult([request.Prompt[0], 0, 0], null),
        };
        await using TestGateway gateway = await TestGateway.StartAsync(engine, new GatewayOptions { MaxPromptsInFlight = 4 });
        string inputs = string.Join(',', Enumerable.Range(0, 50).Select(i => $"[{i}]"));
        (int status, JsonElement body) = await gateway.PostJsonAsync("/v1/embeddings", $$"""{"input":[{{inputs}}]}""");
        Assert.True(status == 200, body.GetRawText());
        Assert.Equal(Enumerable.Range(0, 50), body.GetProperty("data").EnumerateArray().Select(item => item.GetProperty("embedding")[0].GetInt32()));
    }

    [Fact]
    public async Task The_last_of_a_batch_that_found_the_queue_full_of_the_others_is_tried_again_when_they_are_through()
    {
        int tries = 0;
        FakeEngine engine = new()
        {
            OnEmbed = request => request.Prompt[0] == 3 && Interlocked.Increment(ref tries) == 1
                ? new EmbeddingResult(null, new EngineError(EngineErrorKind.QueueFull, "full"))
                : new EmbeddingResult([request.Prompt[0], 0, 0], null),
        };
        await using TestGateway gateway = await TestGateway.StartAsync(engine);
        (int status, JsonElement body) = await gateway.PostJsonAsync("/v1/embeddings", """{"input":[[1],[2],[3]]}""");
        Assert.True(status == 200, body.GetRawText());
        Assert.Equal(2, tries);
        Assert.Equal([1, 2, 3], body.GetProperty("data").EnumerateArray().Select(item => item.GetProperty("embedding")[0].GetInt32()));
    }

    [Theory]
    [InlineData("[[1]]", 1)]
    [InlineData("[[1],[2],[3]]", 3)]
    public async Task A_queue_that_is_full_of_others_refuses_a_batch_after_one_try_of_each(string input, int most)
    {
        int tries = 0;
        FakeEngine engine = new()
        {
            OnEmbed = _ =>
            {
                Interlocked.Increment(ref tries);
                return new EmbeddingResult(null, new EngineError(EngineErrorKind.QueueFull, "full"));
            },
        };
        await using TestGateway gateway = await TestGateway.StartAsync(engine);
        (int status, JsonElement body) = await gateway.PostJsonAsync("/v1/embeddings", $$"""{"input":{{input}}}""");
        Assert.Equal(503, status);
        Assert.Equal("overloaded", body.GetProperty("error").GetProperty("code").GetString());
        Assert.InRange(tries, 1, most);
    }

    [Fact]
    public async Task One_refusal_refuses_the_batch()
    {
        FakeEngine engine = new()
        {
            OnEmbed = request => request.Prompt.Count == 2
                ? new EmbeddingResult(null, new EngineError(EngineErrorKind.NotSupported, "no hidden state"))
                : new EmbeddingResult([1, 0, 0], null),
        };
        await using TestGateway gateway = await TestGateway.StartAsync(engine);
        (int status, JsonElement body) = await gateway.PostJsonAsync("/v1/embeddings", """{"input":[[1],[1,2],[3]]}""");
        Assert.Equal(400, status);
        Assert.Equal("no hidden state", body.GetProperty("error").GetProperty("message").GetString());
    }
}
