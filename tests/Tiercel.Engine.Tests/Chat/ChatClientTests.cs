using Microsoft.Extensions.AI;
using Tiercel.Engine.Chat;
using Tiercel.Engine.Tests.Serving;
using AIChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Tiercel.Engine.Tests.Chat;

/// <summary>The interfaces of Microsoft.Extensions.AI over the bundled model.</summary>
public sealed class ChatClientTests(TinyEngine tiny) : IClassFixture<TinyEngine>
{
    private static readonly ChatOptions Greedy = new() { Temperature = 0, MaxOutputTokens = 48 };

    private InferenceEngine Engine => tiny.Engine;

    [Fact]
    public async Task AQuestionIsAnsweredWithUsageAndReason()
    {
        using TiercelChatClient client = Create();
        ChatResponse response = await client.GetResponseAsync("What is the capital of France?", Greedy, TestContext.Current.CancellationToken);
        Assert.Contains("Paris", response.Text, StringComparison.Ordinal);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.Equal(ChatRole.Assistant, response.Messages.Single().Role);
        Assert.Equal(Engine.Model.Name, response.ModelId);
        Assert.True(response.Usage!.InputTokenCount > 0);
        Assert.Equal(response.Usage.TotalTokenCount, response.Usage.InputTokenCount + response.Usage.OutputTokenCount);
    }

    [Fact]
    public async Task AStreamGivesTheTextOfTheWholeAnswerInPieces()
    {
        using TiercelChatClient client = Create();
        ChatResponse whole = await client.GetResponseAsync("Tell me a story about a bear.", Greedy, TestContext.Current.CancellationToken);
        List<string> pieces = [];
        await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(
            "Tell me a story about a bear.", Greedy, TestContext.Current.CancellationToken))
        {
            pieces.Add(update.Text);
        }

        Assert.True(pieces.Count > 5);
        Assert.Equal(whole.Text, string.Concat(pieces));
    }

    [Fact]
    public async Task InstructionsAndEarlierTurnsReachTheModel()
    {
        using TiercelChatClient client = Create();
        AIChatMessage[] conversation =
        [
            new(ChatRole.User, "My name is Nia."),
            new(ChatRole.Assistant, "Nice to meet you, Nia!"),
            new(ChatRole.User, "What is my name?"),
        ];
        ChatResponse remembered = await client.GetResponseAsync(conversation, Greedy, TestContext.Current.CancellationToken);
        Assert.Contains("Nia", remembered.Text, StringComparison.Ordinal);
        ChatOptions instructed = new() { Temperature = 0, MaxOutputTokens = 48, Instructions = "You are a pirate named Bo." };
        ChatResponse role = await client.GetResponseAsync("Who are you?", instructed, TestContext.Current.CancellationToken);
        Assert.Contains("Bo", role.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheSameSeedGivesTheSameAnswerAndRequestsWithoutOneDiffer()
    {
        using TiercelChatClient client = Create();
        ChatOptions seeded = new() { Temperature = 1.3f, MaxOutputTokens = 24, Seed = 5 };
        ChatOptions free = new() { Temperature = 1.3f, MaxOutputTokens = 24 };
        string[] same = await AnswersAsync(client, seeded, 2);
        string[] different = await AnswersAsync(client, free, 4);
        Assert.Equal(same[0], same[1]);
        Assert.True(different.Distinct(StringComparer.Ordinal).Count() > 1);
    }

    [Fact]
    public async Task WhatCannotBeHonouredIsRefusedByName()
    {
        using TiercelChatClient client = Create();
        await AssertRefusedAsync(client, new ChatOptions { Tools = [new HostedWebSearchTool()] }, "Tools");
        await AssertRefusedAsync(client, new ChatOptions { ResponseFormat = ChatResponseFormat.Json }, "ResponseFormat");
        await AssertRefusedAsync(client, new ChatOptions { ConversationId = "c" }, "ConversationId");
        await AssertRefusedAsync(client, new ChatOptions { ModelId = "another" }, "another");
        AIChatMessage picture = new(ChatRole.User, [new DataContent("data:image/png;base64,AAAA")]);
        NotSupportedException refusal = await Assert.ThrowsAsync<NotSupportedException>(
            () => client.GetResponseAsync([picture], Greedy, TestContext.Current.CancellationToken));
        Assert.Contains("DataContent", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARefusalOfTheEngineCarriesItsReason()
    {
        using TiercelChatClient client = Create();
        InferenceException refusal = await Assert.ThrowsAsync<InferenceException>(
            () => client.GetResponseAsync(new string('x', 20_000), Greedy, TestContext.Current.CancellationToken));
        Assert.Equal(EngineErrorKind.ContextLengthExceeded, refusal.Error.Kind);
    }

    [Fact]
    public async Task LeavingAStreamEndsItsRequest()
    {
        using TiercelChatClient client = Create();
        await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(
            "Tell me a story about a bear.", new ChatOptions { Temperature = 0 }, TestContext.Current.CancellationToken))
        {
            Assert.NotNull(update);
            break;
        }

        await InferenceEngineTests.AssertIdleAsync(Engine);
    }

    [Fact]
    public async Task EmbeddingsComeInOrderWithUsage()
    {
        using TiercelEmbeddingGenerator generator = new(Engine, TimeProvider.System);
        GeneratedEmbeddings<Embedding<float>> both = await generator.GenerateAsync(["a fox", "a sum"], null, TestContext.Current.CancellationToken);
        GeneratedEmbeddings<Embedding<float>> second = await generator.GenerateAsync(["a sum"], null, TestContext.Current.CancellationToken);
        Assert.Equal(2, both.Count);
        Assert.Equal(second[0].Vector.ToArray(), both[1].Vector.ToArray());
        Assert.NotEqual(both[0].Vector.ToArray(), both[1].Vector.ToArray());
        Assert.True(both.Usage!.InputTokenCount >= 4);
        await Assert.ThrowsAsync<NotSupportedException>(
            () => generator.GenerateAsync(["x"], new EmbeddingGenerationOptions { Dimensions = 3 }, TestContext.Current.CancellationToken));
    }

    private static async Task<string[]> AnswersAsync(TiercelChatClient client, ChatOptions options, int count)
    {
        string[] answers = new string[count];
        for (int i = 0; i < count; i++)
        {
            answers[i] = (await client.GetResponseAsync("Tell me a story about a dragon.", options, TestContext.Current.CancellationToken)).Text;
        }

        return answers;
    }

    private static async Task AssertRefusedAsync(TiercelChatClient client, ChatOptions options, string name)
    {
        NotSupportedException refusal = await Assert.ThrowsAsync<NotSupportedException>(
            () => client.GetResponseAsync("Hello", options, TestContext.Current.CancellationToken));
        Assert.Contains(name, refusal.Message, StringComparison.Ordinal);
    }

    private TiercelChatClient Create() => new(Engine, TimeProvider.System, seed: 3);
}
