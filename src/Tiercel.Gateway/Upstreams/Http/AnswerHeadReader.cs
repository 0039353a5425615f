using System.Buffers;
using System.Text;

namespace Tiercel.Gateway.Upstreams.Http;

/// <summary>
/// Reads the head of an answer, strictly: what two readers could understand in two ways is refused, since the second reader is whoever gets the next
/// answer of the connection.
/// </summary>
internal static class AnswerHeadReader
{
    private static readonly SearchValues<byte> NameBytes = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    private static readonly SearchValues<byte> ForbiddenInValues = SearchValues.Create([
        0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127]);

    /// <param name="bytes">The head with the line end of its last field, without the empty line.</param>
    /// <param name="head">The head, when the result is null.</param>
    /// <returns>What is wrong with it, or null.</returns>
    public static string? Read(ReadOnlySpan<byte> bytes, out AnswerHead? head)
    {
        head = null;
        int end = bytes.IndexOf("\r\n"u8);
        if (!TryReadStatus(bytes[..end], out int status, out bool isOld))
        {
            return "the status line is not HTTP/1.1";
        }

        Fields fields = new() { Length = -1, KeepAlive = !isOld };
        ReadOnlySpan<byte> rest = bytes[(end + 2)..];
        while (!rest.IsEmpty)
        {
            end = rest.IndexOf("\r\n"u8);
            if (ReadField(rest[..end], ref fields) is string wrong)
            {
                return wrong;
            }

            rest = rest[(end + 2)..];
        }

        if (fields.IsChunked && (fields.Length >= 0 || isOld))
        {
            return "the answer has a length and is chunked too";
        }

        bool hasNoBody = status is < 200 or 204 or 304;
        if (hasNoBody)
        {
            fields.Length = 0;
            fields.IsChunked = false;
        }

        BodyFraming framing = fields.IsChunked ? BodyFraming.Chunked : fields.Length >= 0 ? BodyFraming.Length : BodyFraming.UntilClose;
        head = new AnswerHead(
            bytes.ToArray(), status, framing, Math.Max(0, fields.Length), fields.KeepAlive && framing != BodyFraming.UntilClose, fields.ContentType ?? "");
        return null;
    }

    private static bool TryReadStatus(ReadOnlySpan<byte> line, out int status, out bool isOld)
    {
        status = 0;
        isOld = line.StartsWith("HTTP/1.0 "u8);
        if (!(isOld || line.StartsWith("HTTP/1.1 "u8)) || line.Length < 12 || (line.Length > 12 && line[12] != ' ') || line.ContainsAny(ForbiddenInValues))
        {
            return false;
        }

        foreach (byte digit in line[9..12])
        {
            if (digit is < (byte)'0' or > (byte)'9')
            {
                return false;
            }

            status = (status * 10) + digit - '0';
        }

        return status is >= 100 and <= 599;
    }

    private static string? ReadField(ReadOnlySpan<byte> line, ref Fields fields)
    {
        int colon = line.IndexOf((byte)':');
        if (colon <= 0 || line[..colon].ContainsAnyExcept(NameBytes))
        {
            return "a header field has no proper name";
        }

        ReadOnlySpan<byte> value = line[(colon + 1)..].Trim(" \t"u8);
        if (value.ContainsAny(ForbiddenInValues))
        {
            return "a header field holds a control character";
        }

        // The length of the name tells nearly all fields from the few that matter here.
        ReadOnlySpan<byte> name = line[..colon];
        return colon switch
        {
            14 when Ascii.EqualsIgnoreCase(name, "content-length"u8) => fields.SetLength(value),
            17 when Ascii.EqualsIgnoreCase(name, "transfer-encoding"u8) => fields.SetCoding(value),
            16 when Ascii.EqualsIgnoreCase(name, "content-encoding"u8) && !Ascii.EqualsIgnoreCase(value, "identity"u8) =>
                "the answer is compressed, which was not asked for",
            10 when Ascii.EqualsIgnoreCase(name, "connection"u8) => fields.SetConnection(value),
            12 when Ascii.EqualsIgnoreCase(name, "content-type"u8) => fields.SetType(value),
            _ => null,
        };
    }

    private ref struct Fields
    {
        public long Length;
        public bool IsChunked;
        public bool KeepAlive;
        public string? ContentType;

        public string? SetLength(ReadOnlySpan<byte> value)
        {
            if (Length >= 0)
            {
                return "the answer has two lengths";
            }

            // 15 digits cannot overflow, and are more than any answer has.
            if (value.Length is 0 or > 15 || value.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            {
                return "the answer's length is not a number";
            }

            Length = 0;
            foreach (byte digit in value)
            {
                Length = (Length * 10) + digit - '0';
            }

            return null;
        }

        public string? SetCoding(ReadOnlySpan<byte> value)
        {
            if (IsChunked || !Ascii.EqualsIgnoreCase(value, "chunked"u8))
            {
                return "the answer's transfer coding is not 'chunked'";
            }

            IsChunked = true;
            return null;
        }

        public string? SetConnection(ReadOnlySpan<byte> value)
        {
            // Anything but a plain keep-alive closes: reuse is a saving, never a duty.
            KeepAlive &= Ascii.EqualsIgnoreCase(value, "keep-alive"u8);
            return null;
        }

        public string? SetType(ReadOnlySpan<byte> value)
        {
            int parameters = value.IndexOf((byte)';');
            ReadOnlySpan<byte> type = parameters < 0 ? value : value[..parameters].TrimEnd(" \t"u8);
            ContentType = type.SequenceEqual("application/json"u8) ? "application/json"
                : type.SequenceEqual("text/event-stream"u8) ? "text/event-stream"
                : Encoding.Latin1.GetString(type).ToLowerInvariant();
            return null;
        }
    }
}
