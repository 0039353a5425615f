using System.Text;
using Tiercel.Engine;
using Tiercel.Engine.Chat;
using Tiercel.Engine.Templates;

namespace Tiercel.Cli.Chat;

/// <summary>A conversation with a loaded model. A model without a chat template completes each text on its own.</summary>
internal sealed class ChatSession(IInferenceEngine engine, CliEnvironment environment)
{
    private readonly List<ChatMessage> _messages = [];
    private int _turns;

    public GenerationSettings Settings { get; set; } = new();

    public int MessageCount => _messages.Count;

    public void Clear() => _messages.Clear();

    /// <summary>Sends a message and hands on the answer as it comes.</summary>
    /// <param name="text">What the user said.</param>
    /// <param name="onText">Takes each piece of the answer.</param>
    /// <param name="cancellationToken">Ends the answer; what came so far stays in the conversation.</param>
    /// <exception cref="InferenceException">The engine refused or failed; the conversation is as it was.</exception>
    public async Task<ChatTurn> AskAsync(string text, Action<string> onText, CancellationToken cancellationToken)
    {
        ChatMessage question = new("user", text);
        GenerationRequest request = MakeRequest(question);
        long started = environment.Time.GetTimestamp();
        Submission submission = engine.Submit(request);
        await using GenerationStream stream = submission.Stream ?? throw new InferenceException(submission.Error!);
        await using CancellationTokenRegistration registration = cancellationToken.Register(stream.Cancel);
        StringBuilder answer = new();
        TimeSpan? firstToken = null;
        FinishReason finish = FinishReason.Error;
        await foreach (GenerationEvent news in stream.Events.ReadAllAsync(CancellationToken.None))
        {
            if (news.Error is not null)
            {
                throw new InferenceException(news.Error);
            }

            firstToken ??= environment.Time.GetElapsedTime(started);
            answer.Append(news.Text);
            if (news.Text.Length > 0)
            {
                onText(news.Text);
            }

            finish = news.Finish ?? finish;
        }

        TimeSpan total = environment.Time.GetElapsedTime(started);
        _messages.Add(question);
        _messages.Add(new ChatMessage("assistant", answer.ToString()));
        return new ChatTurn(answer.ToString(), finish, stream.Usage, firstToken ?? total, total);
    }

    private GenerationRequest MakeRequest(ChatMessage question)
    {
        _turns++;
        return new GenerationRequest
        {
            Id = $"run-{_turns}",
            Prompt = MakePrompt(question),
            MaxTokens = Settings.MaxTokens,
            StopStrings = Settings.StopStrings,
            Sampling = Settings.Sampling with { Seed = Settings.Seed ?? environment.DrawSeed() },
        };
    }

    private int[] MakePrompt(ChatMessage question)
    {
        if (engine.ChatTemplate is not { } template)
        {
            return engine.Tokenizer.Encode(Settings.System + question.Content, parseSpecial: false, addSpecial: true);
        }

        IEnumerable<ChatMessage> system = Settings.System is null ? [] : [new ChatMessage("system", Settings.System)];
        ChatTemplateInputs inputs = new() { Messages = [.. system, .. _messages, question], Now = environment.Time.GetUtcNow() };
        return ChatPrompt.Encode(engine.Tokenizer, template, inputs);
    }
}
