using System.Buffers;
using Tiercel.Engine;
using Tiercel.Engine.Tokenization;

namespace Tiercel.Protocols.Writing;

/// <summary>A chat completion as a stream.</summary>
public sealed class ChatChunkWriter : ChunkWriter
{
    private readonly bool[] _begun;
    private readonly Tokenizer? _logprobs;

    /// <param name="logprobs">Set where log probabilities were asked for.</param>
    public ChatChunkWriter(AnswerHead head, IBufferWriter<byte> output, int choices, bool includeUsage, Tokenizer? logprobs)
        : base(head, output, includeUsage)
    {
        _begun = new bool[choices];
        _logprobs = logprobs;
    }

    protected override ReadOnlySpan<byte> ObjectName => "chat.completion.chunk"u8;

    /// <summary>The first chunk of each choice says who speaks; the JavaScript client's stream helper throws without it.</summary>
    public override void Start()
    {
        for (int choice = 0; choice < _begun.Length; choice++)
        {
            if (_begun[choice])
            {
                continue;
            }

            BeginChunk(choice, []);
            Json.WriteStartObject("delta"u8);
            Json.WriteString("role"u8, "assistant"u8);
            Json.WriteString("content"u8, ""u8);
            Json.WriteEndObject();
            Json.WriteNull("logprobs"u8);
            EndChunk(finish: null);
        }
    }

    public override void SkipStart(int choice) => _begun[choice] = true;

    public override bool Add(int choice, GenerationEvent news)
    {
        bool hasLogprobs = _logprobs is not null && news.Tokens.Count > 0;
        bool hasContent = news.Text.Length > 0 || hasLogprobs;
        if (hasContent)
        {
            BeginChunk(choice, news.CoveredTokens);
            Json.WriteStartObject("delta"u8);
            Json.WriteString("content"u8, news.Text);
            Json.WriteEndObject();
            if (hasLogprobs)
            {
                ChatLogprobs.Write(Json, _logprobs!, news.Tokens);
            }
            else
            {
                Json.WriteNull("logprobs"u8);
            }

            EndChunk(finish: null);
        }

        if (news.Finish is not null)
        {
            BeginChunk(choice, hasContent ? [] : news.CoveredTokens);
            Json.WriteStartObject("delta"u8);
            Json.WriteEndObject();
            Json.WriteNull("logprobs"u8);
            EndChunk(news.Finish);
        }

        return hasContent || news.Finish is not null;
    }
}
