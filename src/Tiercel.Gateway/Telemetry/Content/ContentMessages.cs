using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace Tiercel.Gateway.Telemetry.Content;

/// <summary>
/// Writes messages as the conventions want them in an attribute of a span: a JSON array of messages, each with its parts. It takes so many bytes of text and
/// no more, stays whole JSON at the cut, and counts what it left out.
/// </summary>
internal sealed class ContentMessages : IDisposable
{
    /// <summary>Bytes of text taken. It is a sample for people, and exporters hold batches of it.</summary>
    public const int MaxBytes = 32 << 10;

    /// <summary>What a message or a part takes of that besides its text, so that many empty ones end too.</summary>
    private const int FrameBytes = 64;

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ArrayBufferWriter<byte> _output = new();
    private readonly Utf8JsonWriter _json;
    private int _left = MaxBytes;

    public ContentMessages()
    {
        _json = new Utf8JsonWriter(_output, Options);
        _json.WriteStartArray();
    }

    /// <summary>Bytes of content that are not in the text.</summary>
    public long CutBytes { get; private set; }

    /// <summary>Whether another message or part is taken at all.</summary>
    public bool HasRoom => _left >= FrameBytes;

    public void Begin(ReadOnlySpan<byte> role)
    {
        _left -= FrameBytes;
        _json.WriteStartObject();
        Write("role"u8, role);
        _json.WriteStartArray("parts"u8);
    }

    /// <param name="type"><c>text</c> or <c>reasoning</c>.</param>
    public void Text(ReadOnlySpan<byte> type, ReadOnlySpan<byte> content)
    {
        if (BeginPart(type, content.Length))
        {
            Write("content"u8, content);
            _json.WriteEndObject();
        }
    }

    public void ToolCall(ReadOnlySpan<byte> id, ReadOnlySpan<byte> name, ReadOnlySpan<byte> arguments)
    {
        if (BeginPart("tool_call"u8, arguments.Length))
        {
            Write("id"u8, id);
            Write("name"u8, name);
            Write("arguments"u8, arguments);
            _json.WriteEndObject();
        }
    }

    public void ToolResponse(ReadOnlySpan<byte> id, ReadOnlySpan<byte> response)
    {
        if (BeginPart("tool_call_response"u8, response.Length))
        {
            Write("id"u8, id);
            Write("response"u8, response);
            _json.WriteEndObject();
        }
    }

    /// <summary>Something that is no text, such as an image: only that it was there.</summary>
    public void Other(ReadOnlySpan<byte> type, long bytes)
    {
        CutBytes += bytes;
        if (BeginPart(type, 0))
        {
            _json.WriteEndObject();
        }
    }

    /// <summary>Something was left out that was not looked at.</summary>
    public void LeftOut(long bytes) => CutBytes += bytes;

    /// <param name="finishReason">Of an answer; empty for a message of a prompt.</param>
    public void End(ReadOnlySpan<byte> finishReason = default)
    {
        _json.WriteEndArray();
        if (!finishReason.IsEmpty)
        {
            // One word more than the limit, rather than an answer whose end is missing.
            _left = Math.Max(_left, finishReason.Length);
            Write("finish_reason"u8, finishReason);
        }

        _json.WriteEndObject();
    }

    /// <summary>The attribute's value. Nothing can be written after it.</summary>
    public string Finish()
    {
        _json.WriteEndArray();
        _json.Flush();
        return Encoding.UTF8.GetString(_output.WrittenSpan);
    }

    public void Dispose() => _json.Dispose();

    /// <summary>So much of a text as fits into so many bytes, cut between characters.</summary>
    public static ReadOnlySpan<byte> Fit(ReadOnlySpan<byte> text, int bytes)
    {
        if (text.Length <= bytes)
        {
            return text;
        }

        int end = Math.Max(0, bytes);
        while (end > 0 && (text[end] & 0xC0) == 0x80)
        {
            end--;
        }

        return text[..end];
    }

    private bool BeginPart(ReadOnlySpan<byte> type, int bytes)
    {
        if (!HasRoom)
        {
            CutBytes += bytes;
            return false;
        }

        _left -= FrameBytes;
        _json.WriteStartObject();
        Write("type"u8, type);
        return true;
    }

    private void Write(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        ReadOnlySpan<byte> taken = Fit(value, _left);
        _left -= taken.Length;
        CutBytes += value.Length - taken.Length;

        // The writer refuses what is no text; what a foreign engine sent may be anything.
        if (Utf8.IsValid(taken))
        {
            _json.WriteString(name, taken);
        }
        else
        {
            _json.WriteString(name, Encoding.UTF8.GetString(taken));
        }
    }
}
