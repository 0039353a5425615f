using System.Buffers;
using System.Text;
using System.Text.Json;
using Tiercel.Engine;

namespace Tiercel.Protocols.Writing;

/// <summary>Gathers the events of an answer that is sent whole.</summary>
public abstract class AnswerCollector
{
    private readonly StringBuilder[] _texts;
    private readonly List<GeneratedToken>[] _tokens;
    private readonly FinishReason?[] _finishes;
    private readonly bool _keepTokens;

    protected AnswerCollector(AnswerHead head, int choices, bool keepTokens)
    {
        Head = head;
        _keepTokens = keepTokens;
        _texts = new StringBuilder[choices];
        _tokens = new List<GeneratedToken>[choices];
        _finishes = new FinishReason?[choices];
        for (int i = 0; i < choices; i++)
        {
            _texts[i] = new StringBuilder();
            _tokens[i] = [];
        }
    }

    protected AnswerHead Head { get; }

    protected int Choices => _texts.Length;

    protected abstract ReadOnlySpan<byte> ObjectName { get; }

    public virtual void Add(int choice, GenerationEvent news)
    {
        _texts[choice].Append(news.Text);
        _finishes[choice] ??= news.Finish;
        if (_keepTokens)
        {
            _tokens[choice].AddRange(news.Tokens);
        }
    }

    /// <summary>Writes the answer, once every choice has ended.</summary>
    public void Write(IBufferWriter<byte> output, GenerationUsage usage)
    {
        using Utf8JsonWriter json = new(output, JsonOutput.Options);
        json.WriteStartObject();
        json.WriteString("id"u8, Head.Id);
        json.WriteString("object"u8, ObjectName);
        json.WriteNumber("created"u8, Head.CreatedUnixSeconds);
        json.WriteString("model"u8, Head.Model);
        json.WriteString("system_fingerprint"u8, Head.Fingerprint);
        json.WriteStartArray("choices"u8);
        for (int choice = 0; choice < Choices; choice++)
        {
            json.WriteStartObject();
            json.WriteNumber("index"u8, choice);
            WriteChoice(json, choice, _texts[choice].ToString(), _tokens[choice]);
            FinishReason finish = _finishes[choice] ?? throw new InvalidOperationException("a choice has not ended");
            json.WriteString("finish_reason"u8, JsonOutput.FinishReasonName(finish));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        JsonOutput.WriteUsage(json, usage);
        json.WriteEndObject();
    }

    protected abstract void WriteChoice(Utf8JsonWriter json, int choice, string text, IReadOnlyList<GeneratedToken> tokens);
}
