using System.Buffers;
using Tiercel.Engine;
using Tiercel.Engine.Tokenization;

namespace Tiercel.Protocols.Writing;

/// <summary>A text completion as a stream. Choice <c>i</c> of prompt <c>p</c> has the index <c>p · choices + i</c>.</summary>
public sealed class CompletionChunkWriter : ChunkWriter
{
    private readonly CompletionEcho? _echo;
    private readonly int _choicesPerPrompt;
    private readonly CompletionLogprobs[]? _logprobs;
    private readonly bool[] _begun;

    /// <param name="logprobs">Set where log probabilities were asked for.</param>
    public CompletionChunkWriter(
        AnswerHead head,
        IBufferWriter<byte> output,
        int prompts,
        int choicesPerPrompt,
        bool includeUsage,
        CompletionEcho? echo,
        Tokenizer? logprobs,
        bool renderSpecial)
        : base(head, output, includeUsage)
    {
        _echo = echo;
        _choicesPerPrompt = choicesPerPrompt;
        _begun = new bool[prompts * choicesPerPrompt];
        if (logprobs is not null)
        {
            _logprobs = new CompletionLogprobs[_begun.Length];
            for (int i = 0; i < _logprobs.Length; i++)
            {
                _logprobs[i] = new CompletionLogprobs(logprobs, renderSpecial);
            }
        }
    }

    protected override ReadOnlySpan<byte> ObjectName => "text_completion"u8;

    public override void Start()
    {
        // Text completions have no opening chunk.
    }

    public override void SkipStart(int choice) => _begun[choice] = true;

    public override void Replay(int choice, IReadOnlyList<int> tokens)
    {
        // The echoed prompt has its log probabilities in its first choice.
        if (_echo is not null && _begun[choice] && choice % _choicesPerPrompt == 0)
        {
            _logprobs?[choice].Skip(_echo.Prompts[choice / _choicesPerPrompt]);
        }

        _logprobs?[choice].Skip(tokens);
    }

    public override bool Add(int choice, GenerationEvent news)
    {
        bool written = false;
        if (_echo is not null && !_begun[choice])
        {
            _begun[choice] = true;
            WriteText(choice, _echo.Texts[choice / _choicesPerPrompt], news.PromptTokens ?? [], []);
            written = true;
        }

        bool hasContent = news.Text.Length > 0 || (_logprobs is not null && news.Tokens.Count > 0);
        if (hasContent)
        {
            WriteText(choice, news.Text, news.Tokens, news.CoveredTokens);
            written = true;
        }

        if (news.Finish is not null)
        {
            BeginChunk(choice, hasContent ? [] : news.CoveredTokens);
            Json.WriteString("text"u8, ""u8);
            Json.WriteNull("logprobs"u8);
            EndChunk(news.Finish);
            written = true;
        }

        return written;
    }

    private void WriteText(int choice, string text, IReadOnlyList<GeneratedToken> tokens, IReadOnlyList<int> covered)
    {
        BeginChunk(choice, covered);
        Json.WriteString("text"u8, text);
        if (_logprobs is not null)
        {
            _logprobs[choice].Write(Json, tokens);
        }
        else
        {
            Json.WriteNull("logprobs"u8);
        }

        EndChunk(finish: null);
    }
}
