using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using Tiercel.Engine;
using Tiercel.Protocols.Errors;

namespace Tiercel.Protocols.Writing;

/// <summary>
/// Writes one answer as server-sent events: a beginning for each choice, text, the end of each choice, the usage where it was asked for, and
/// <c>[DONE]</c>. An answer that fails half way ends with an error event and has no end of a choice and no <c>[DONE]</c>.
/// </summary>
public abstract class ChunkWriter : IDisposable
{
    private readonly IBufferWriter<byte> _output;
    private readonly bool _includeUsage;

    protected ChunkWriter(AnswerHead head, IBufferWriter<byte> output, bool includeUsage)
    {
        Head = head;
        _output = output;
        _includeUsage = includeUsage;
        Json = new Utf8JsonWriter(output, JsonOutput.Options);
    }

    /// <summary>
    /// Whether each chunk of a choice has a comment before it, <c>: t CHOICE TOKEN TOKEN…</c>, with the tokens that the choice has taken since its last chunk. By
    /// these another worker can go on where this one stops; a gateway takes them out.
    /// </summary>
    public bool ListsTokens { get; set; }

    protected AnswerHead Head { get; }

    protected Utf8JsonWriter Json { get; }

    protected abstract ReadOnlySpan<byte> ObjectName { get; }

    /// <summary>Writes what comes before any text.</summary>
    public abstract void Start();

    /// <summary>Writes the text of an event and, where it is the choice's last, the end of the choice; nothing for an event that brings neither.</summary>
    /// <returns>Whether anything was written.</returns>
    public abstract bool Add(int choice, GenerationEvent news);

    /// <summary>Ends a whole answer.</summary>
    public void Finish(GenerationUsage usage)
    {
        if (_includeUsage)
        {
            BeginEvent();
            WriteHead();
            Json.WriteStartArray("choices"u8);
            Json.WriteEndArray();
            JsonOutput.WriteUsage(Json, usage);
            EndEvent();
        }

        _output.Write("data: [DONE]\n\n"u8);
    }

    /// <summary>Ends a broken answer.</summary>
    public void Fail(ApiError error)
    {
        _output.Write("data: "u8);
        Json.Reset(_output);
        ErrorBody.Write(Json, error);
        Json.Flush();
        _output.Write("\n\n"u8);
    }

    /// <summary>A comment, which clients pass over; it keeps connections open while a prompt is computed.</summary>
    public void Ping() => _output.Write(": ping\n\n"u8);

    public void Dispose()
    {
        Json.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The choice began elsewhere, and its first chunk was sent there.</summary>
    public abstract void SkipStart(int choice);

    /// <summary>Takes note of what was sent elsewhere of a choice with log probabilities.</summary>
    public virtual void Replay(int choice, IReadOnlyList<int> tokens)
    {
        // Most writers keep nothing between chunks.
    }

    /// <summary>Begins a chunk with one choice, left open for its fields.</summary>
    /// <param name="covered">Tokens that were taken for this chunk.</param>
    protected void BeginChunk(int choice, IReadOnlyList<int> covered)
    {
        if (ListsTokens)
        {
            WriteTokens(choice, covered);
        }

        BeginEvent();
        WriteHead();
        Json.WriteStartArray("choices"u8);
        Json.WriteStartObject();
        Json.WriteNumber("index"u8, choice);
    }

    protected void EndChunk(FinishReason? finish)
    {
        Json.WriteString("finish_reason"u8, finish is FinishReason reason ? JsonOutput.FinishReasonName(reason) : null);
        Json.WriteEndObject();
        Json.WriteEndArray();
        if (_includeUsage)
        {
            Json.WriteNull("usage"u8);
        }

        EndEvent();
    }

    private void WriteTokens(int choice, IReadOnlyList<int> tokens)
    {
        // ": t ", then numbers of at most ten digits, each after a space.
        Span<byte> line = _output.GetSpan(16 + ((tokens.Count + 1) * 11));
        ": t "u8.CopyTo(line);
        int length = 4;
        Append(choice, line);
        foreach (int token in tokens)
        {
            line[length++] = (byte)' ';
            Append(token, line);
        }

        line[length++] = (byte)'\n';
        _output.Advance(length);

        void Append(int number, Span<byte> target)
        {
            Utf8Formatter.TryFormat(number, target[length..], out int written);
            length += written;
        }
    }

    private void BeginEvent()
    {
        _output.Write("data: "u8);
        Json.Reset(_output);
        Json.WriteStartObject();
    }

    private void WriteHead()
    {
        Json.WriteString("id"u8, Head.Id);
        Json.WriteString("object"u8, ObjectName);
        Json.WriteNumber("created"u8, Head.CreatedUnixSeconds);
        Json.WriteString("model"u8, Head.Model);
        Json.WriteString("system_fingerprint"u8, Head.Fingerprint);
    }

    private void EndEvent()
    {
        Json.WriteEndObject();
        Json.Flush();
        _output.Write("\n\n"u8);
    }
}
