using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Tiercel.Gateway.Fleet;

/// <summary>
/// What all chunks of one stream say of themselves: <c>id</c>, <c>created</c>, <c>model</c>. Clients take them for those of one answer, so that the chunks of
/// a second foreign engine are given the words of the first. Only these three values are put in; all other bytes stay as they came.
/// </summary>
internal sealed class ChunkIdentity
{
    private const int Fields = 3;
    private readonly byte[]?[] _values = new byte[Fields][];
    private bool _isKnown;

    /// <summary>Remembers what the first chunk says; later ones are not looked at.</summary>
    /// <param name="chunk">An event, framing included.</param>
    public void Learn(in ReadOnlySequence<byte> chunk)
    {
        if (_isKnown)
        {
            return;
        }

        _isKnown = true;
        byte[] bytes = chunk.ToArray();
        foreach ((int field, Range range) in Find(bytes))
        {
            _values[field] ??= bytes[range];
        }
    }

    /// <summary>The same event with the values of the first chunk in place of its own. What cannot be read is given back as it is.</summary>
    public ReadOnlySequence<byte> Apply(in ReadOnlySequence<byte> chunk)
    {
        byte[] bytes = chunk.ToArray();
        ArrayBufferWriter<byte> changed = new(bytes.Length + 64);
        int written = 0;
        foreach ((int field, Range range) in Find(bytes))
        {
            if (_values[field] is byte[] value)
            {
                changed.Write(bytes.AsSpan(written..range.Start.Value));
                changed.Write(value);
                written = range.End.Value;
            }
        }

        changed.Write(bytes.AsSpan(written));
        return new ReadOnlySequence<byte>(changed.WrittenMemory);
    }

    /// <summary>A value as JSON, or what stands for it where no chunk said one.</summary>
    public string IdOr(string json) => Text(0, json);

    /// <inheritdoc cref="IdOr" />
    public string CreatedOr(string json) => Text(1, json);

    /// <inheritdoc cref="IdOr" />
    public string ModelOr(string json) => Text(2, json);

    private string Text(int field, string json) => _values[field] is byte[] value ? Encoding.UTF8.GetString(value) : json;

    /// <summary>Where the values stand, in their order. Nothing where the event is not one line of data with an object.</summary>
    private static List<(int Field, Range Range)> Find(byte[] bytes)
    {
        List<(int, Range)> found = [];
        int data = bytes.AsSpan().StartsWith("data:"u8) ? 0 : bytes.AsSpan().IndexOf("\ndata:"u8) + 1;
        int start = bytes.AsSpan(data).IndexOf((byte)'{') + data;
        if (start < data)
        {
            return found;
        }

        try
        {
            Utf8JsonReader json = new(bytes.AsSpan(start));
            json.Read();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                int field = json.ValueTextEquals("id"u8) ? 0 : json.ValueTextEquals("created"u8) ? 1 : json.ValueTextEquals("model"u8) ? 2 : -1;
                json.Read();
                if (field >= 0 && (json.TokenType is JsonTokenType.String or JsonTokenType.Number or JsonTokenType.Null))
                {
                    found.Add((field, (start + (int)json.TokenStartIndex)..(start + (int)json.BytesConsumed)));
                }

                json.Skip();
            }
        }
        catch (JsonException)
        {
            return [];
        }

        return found;
    }
}
