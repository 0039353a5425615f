using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Embeddings;
using Tiercel.Engine;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Clients;

/// <summary>The official client for .NET against a running server.</summary>
public sealed class OpenAIClientTests
{
    [Fact]
    public async Task A_chat_is_completed()
    {
        FakeEngine engine = new();
        await using TestGateway gateway = await TestGateway.StartAsync(engine);
        ChatCompletion completion = await Client(gateway).GetChatClient("fake").CompleteChatAsync(
            [new DeveloperChatMessage("D"), new UserChatMessage("Hi")],
            new ChatCompletionOptions
            {
                MaxOutputTokenCount = 5,
                Temperature = 0.5f,
                EndUserId = "me",
                IncludeLogProbabilities = true,
                TopLogProbabilityCount = 2,
                StopSequences = { "x" },
            });
        Assert.Equal("Hello", Assert.Single(completion.Content).Text);
        Assert.Equal(ChatFinishReason.Length, completion.FinishReason);
        Assert.Equal(5, completion.Usage.OutputTokenCount);
        Assert.Equal(2, completion.Usage.InputTokenDetails.CachedTokenCount);
        Assert.Equal(5, completion.ContentTokenLogProbabilities.Count);
        Assert.Equal("H", completion.ContentTokenLogProbabilities[0].Token);
        Assert.Equal(2, completion.ContentTokenLogProbabilities[0].TopLogProbabilities.Count);
        Assert.Equal(5, Assert.Single(engine.Requests).MaxTokens);
    }

    [Fact]
    public async Task A_chat_is_streamed_to_its_end_and_usage()
    {
        await using TestGateway gateway = await TestGateway.StartAsync();
        StringBuilder text = new();
        List<ChatFinishReason> finishes = [];
        ChatTokenUsage? usage = null;
        ChatMessageRole? role = null;
        await foreach (StreamingChatCompletionUpdate update in Client(gateway).GetChatClient("fake").CompleteChatStreamingAsync(new UserChatMessage("Hi")))
        {
            role ??= update.Role;
            text.Append(string.Concat(update.ContentUpdate.Select(part => part.Text)));
            usage = update.Usage ?? usage;
            if (update.FinishReason is ChatFinishReason finish)
            {
                finishes.Add(finish);
            }
        }

        Assert.Equal("Hello, world! é😀", text.ToString());
        Assert.Equal([ChatFinishReason.Stop], finishes);
        Assert.Equal(ChatMessageRole.Assistant, role);
        Assert.Equal(20, usage!.OutputTokenCount);
    }

    [Fact]
    public async Task Texts_and_tokens_are_embedded()
    {
        await using TestGateway gateway = await TestGateway.StartAsync();
        EmbeddingClient client = Client(gateway).GetEmbeddingClient("fake");
        OpenAIEmbedding one = await client.GenerateEmbeddingAsync("ab");
        Assert.Equal([0.6f, 3f, -0.8f], one.ToFloats().ToArray());
        OpenAIEmbeddingCollection many = await client.GenerateEmbeddingsAsync(["a", "bcd"]);
        Assert.Equal([2f, 4f], many.Select(embedding => embedding.ToFloats().Span[1]));
        OpenAIEmbeddingCollection tokens = await client.GenerateEmbeddingsAsync([new ReadOnlyMemory<int>([1, 2, 3])]);
        Assert.Equal(3f, Assert.Single(tokens).ToFloats().Span[1]);
    }

    [Fact]
    public async Task A_text_is_completed_through_the_pipeline()
    {
        await using TestGateway gateway = await TestGateway.StartAsync();
        ClientPipeline pipeline = Client(gateway).Pipeline;
        using PipelineMessage message = pipeline.CreateMessage();
        message.Request.Method = "POST";
        message.Request.Uri = new Uri($"{gateway.Server.Urls[0]}/v1/completions");
        message.Request.Headers.Set("Content-Type", "application/json");
        message.Request.Content = BinaryContent.Create(BinaryData.FromString("""{"model":"fake","prompt":"a","max_tokens":3}"""));
        await pipeline.SendAsync(message);
        JsonElement body = JsonElement.Parse(message.Response!.Content.ToMemory().Span);
        Assert.Equal("Hel", body.GetProperty("choices")[0].GetProperty("text").GetString());
    }

    [Fact]
    public async Task Models_are_listed()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(options: new GatewayOptions { Aliases = ["other"] });
        OpenAI.Models.OpenAIModelCollection models = await Client(gateway).GetOpenAIModelClient().GetModelsAsync();
        Assert.Equal(["fake", "other"], models.Select(model => model.Id));
    }

    [Fact]
    public async Task Errors_arrive_with_their_status_code_and_message()
    {
        await using TestGateway gateway = await TestGateway.StartAsync();
        ClientResultException missing = await Assert.ThrowsAsync<ClientResultException>(
            () => Client(gateway).GetChatClient("none").CompleteChatAsync(new UserChatMessage("Hi")));
        Assert.Equal(404, missing.Status);
        Assert.Contains("model_not_found", missing.Message, StringComparison.Ordinal);
        ClientResultException tools = await Assert.ThrowsAsync<ClientResultException>(() => Client(gateway).GetChatClient("fake").CompleteChatAsync(
            [new UserChatMessage("Hi")], new ChatCompletionOptions { Tools = { ChatTool.CreateFunctionTool("f") } }));
        Assert.Equal(400, tools.Status);
        Assert.Contains("tools", tools.Message, StringComparison.Ordinal);
        ClientResultException image = await Assert.ThrowsAsync<ClientResultException>(() => Client(gateway).GetChatClient("fake").CompleteChatAsync(
            new UserChatMessage(ChatMessageContentPart.CreateImagePart(new Uri("https://example.com/a.png")))));
        Assert.Contains("messages[0].content[0]", image.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(EngineErrorKind.QueueFull, 503, 4)]
    [InlineData(EngineErrorKind.Internal, 500, 1)]
    public async Task The_client_tries_again_only_where_that_can_help(EngineErrorKind kind, int status, int tries)
    {
        FakeEngine engine = new() { OnSubmit = _ => new Submission(null, new EngineError(kind, "no")) };
        await using TestGateway gateway = await TestGateway.StartAsync(engine);
        OpenAIClientOptions options = new()
        {
            Endpoint = new Uri($"{gateway.Server.Urls[0]}/v1"),
            RetryPolicy = new ImpatientRetryPolicy(),
        };
        ChatClient client = new OpenAIClient(new ApiKeyCredential("none"), options).GetChatClient("fake");
        ClientResultException error = await Assert.ThrowsAsync<ClientResultException>(() => client.CompleteChatAsync(new UserChatMessage("Hi")));
        Assert.Equal(status, error.Status);
        Assert.Equal(tries, engine.Requests.Count);
    }

    private static OpenAIClient Client(TestGateway gateway) => new(
        new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri($"{gateway.Server.Urls[0]}/v1"), RetryPolicy = new ClientRetryPolicy(0) });

    /// <summary>The client's own decisions without its waiting, and with the header that its JavaScript sibling obeys.</summary>
    private sealed class ImpatientRetryPolicy : ClientRetryPolicy
    {
        protected override bool ShouldRetry(PipelineMessage message, Exception? exception) =>
            base.ShouldRetry(message, exception)
            && !(message.Response!.Headers.TryGetValue("x-should-retry", out string? value) && value == "false");

        protected override TimeSpan GetNextDelay(PipelineMessage message, int tryCount) => TimeSpan.Zero;
    }
}
