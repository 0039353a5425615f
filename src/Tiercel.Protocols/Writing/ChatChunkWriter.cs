using System.Buffers;
using Tiercel.Engine;
using Tiercel.Engine.Tokenization;

namespace Tiercel.Protocols.Writing;

/// <summary>A chat completion as a stream.</summary>
public sealed class ChatChunkWriter : ChunkWriter
{
    private readonly int _choices;
    private readonly Tokenizer? _logprobs;

    /// <param name="logprobs">Set where log probabilities were asked for.</param>
    public ChatChunkWriter(AnswerHead head, IBufferWriter<byte> output, int choices, bool includeUsage, Tokenizer? logprobs)
        : base(head, output, includeUsage)
    {
        _choices = choices;
        _logprobs = logprobs;
    }

    protected override ReadOnlySpan<byte> ObjectName => "chat.completion.chunk"u8;

    /// <summary>The first chunk of each choice says who speaks; the JavaScript client's stream helper throws without it.</summary>
    public override void Start()
    {
        for (int choice = 0; choice < _choices; choice++)
        {
            BeginChunk(choice);
            Json.WriteStartObject("delta"u8);
            Json.WriteString("role"u8, "assistant"u8);
            Json.WriteString("content"u8, ""u8);
            Json.WriteEndObject();
            Json.WriteNull("logprobs"u8);
            EndChunk(finish: null);
        }
    }

    public override bool Add(int choice, GenerationEvent news)
    {
        bool hasLogprobs = _logprobs is not null && news.Tokens.Count > 0;
        if (news.Text.Length > 0 || hasLogprobs)
        {
            BeginChunk(choice);
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
            BeginChunk(choice);
            Json.WriteStartObject("delta"u8);
            Json.WriteEndObject();
            Json.WriteNull("logprobs"u8);
            EndChunk(news.Finish);
        }

        return news.Text.Length > 0 || hasLogprobs || news.Finish is not null;
    }
}
