using System.Text.Json;
using Tiercel.Engine;
using Tiercel.Engine.Tokenization;

namespace Tiercel.Protocols.Writing;

/// <summary>A text completion that is sent whole. Choice <c>i</c> of prompt <c>p</c> has the index <c>p · choices + i</c>.</summary>
public sealed class CompletionCollector : AnswerCollector
{
    private readonly int _choicesPerPrompt;
    private readonly CompletionEcho? _echo;
    private readonly Tokenizer? _logprobs;
    private readonly bool _renderSpecial;
    private readonly IReadOnlyList<GeneratedToken>?[] _promptTokens;

    /// <param name="logprobs">Set where log probabilities were asked for.</param>
    public CompletionCollector(AnswerHead head, int prompts, int choicesPerPrompt, CompletionEcho? echo, Tokenizer? logprobs, bool renderSpecial)
        : base(head, prompts * choicesPerPrompt, logprobs is not null)
    {
        _choicesPerPrompt = choicesPerPrompt;
        _echo = echo;
        _logprobs = logprobs;
        _renderSpecial = renderSpecial;
        _promptTokens = new IReadOnlyList<GeneratedToken>?[prompts];
    }

    protected override ReadOnlySpan<byte> ObjectName => "text_completion"u8;

    public override void Add(int choice, GenerationEvent news)
    {
        base.Add(choice, news);
        _promptTokens[choice / _choicesPerPrompt] ??= news.PromptTokens;
    }

    protected override void WriteChoice(Utf8JsonWriter json, int choice, string text, IReadOnlyList<GeneratedToken> tokens)
    {
        int prompt = choice / _choicesPerPrompt;
        json.WriteString("text"u8, _echo is null ? text : _echo.Texts[prompt] + text);
        if (_logprobs is null)
        {
            json.WriteNull("logprobs"u8);
            return;
        }

        IReadOnlyList<GeneratedToken> all = _echo is null ? tokens : [.. _promptTokens[prompt] ?? [], .. tokens];
        new CompletionLogprobs(_logprobs, _renderSpecial).Write(json, all);
    }
}
