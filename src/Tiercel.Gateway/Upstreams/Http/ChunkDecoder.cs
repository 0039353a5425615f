namespace Tiercel.Gateway.Upstreams.Http;

/// <summary>
/// Takes the framing out of a chunked body, in place. Strict: sizes are up to eight hexadecimal digits, lines end with CR LF and nothing else, and what
/// stands after a size or after the last chunk is bounded and thrown away.
/// </summary>
internal struct ChunkDecoder
{
    /// <summary>Bytes of a size with its extension, and of all trailers together.</summary>
    private const int MaxLineBytes = 256;

    private const int MaxTrailerBytes = 8 * 1024;
    private Part _part;
    private long _remaining;
    private int _trailerBytes;

    private enum Part
    {
        Size,
        Data,
        DataEnd,
        Trailer,
        End,
    }

    public readonly bool IsComplete => _part == Part.End;

    /// <summary>Moves the data of whole and begun chunks from the raw bytes to the end of the decoded ones.</summary>
    /// <param name="bytes">The buffer.</param>
    /// <param name="decodedEnd">Where decoded bytes end; moved on.</param>
    /// <param name="rawStart">Where raw bytes start, not before <paramref name="decodedEnd"/>; moved on.</param>
    /// <param name="rawEnd">Where raw bytes end.</param>
    /// <returns>What is wrong with the framing, or null.</returns>
    public string? Decode(Span<byte> bytes, ref int decodedEnd, ref int rawStart, int rawEnd)
    {
        while (_part != Part.End && rawStart < rawEnd)
        {
            Span<byte> raw = bytes[rawStart..rawEnd];
            if (_part == Part.Data)
            {
                int take = (int)Math.Min(_remaining, raw.Length);
                raw[..take].CopyTo(bytes[decodedEnd..]);
                decodedEnd += take;
                rawStart += take;
                _remaining -= take;
                _part = _remaining == 0 ? Part.DataEnd : Part.Data;
                continue;
            }

            int before = rawStart;
            string? wrong = _part switch
            {
                Part.Size => ReadSize(raw, ref rawStart),
                Part.DataEnd => ReadDataEnd(raw, ref rawStart),
                _ => ReadTrailer(raw, ref rawStart),
            };
            if (wrong is not null || rawStart == before)
            {
                return wrong;
            }
        }

        return null;
    }

    private static int HexDigit(byte digit) => digit switch
    {
        >= (byte)'0' and <= (byte)'9' => digit - '0',
        >= (byte)'a' and <= (byte)'f' => digit - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
        _ => -1,
    };

    private string? ReadSize(ReadOnlySpan<byte> raw, ref int rawStart)
    {
        int lineEnd = raw.IndexOf((byte)'\n');
        if (lineEnd < 0)
        {
            return raw.Length > MaxLineBytes ? "the line of a chunk's size is too long" : null;
        }

        long size = 0;
        int digits = 0;
        for (; digits < lineEnd && HexDigit(raw[digits]) is >= 0 and int digit; digits++)
        {
            size = (size << 4) | (uint)digit;
            if (digits >= 8)
            {
                return "a chunk's size is too large";
            }
        }

        bool ends = lineEnd > 0 && raw[lineEnd - 1] == '\r';
        if (digits == 0 || !ends || lineEnd > MaxLineBytes || (digits != lineEnd - 1 && !IsExtension(raw[digits..(lineEnd - 1)])))
        {
            return "a chunk's size is malformed";
        }

        rawStart += lineEnd + 1;
        _remaining = size;
        _part = size == 0 ? Part.Trailer : Part.Data;
        return null;
    }

    private static bool IsExtension(ReadOnlySpan<byte> bytes) => bytes[0] is (byte)';' or (byte)' ' or (byte)'\t' && !bytes.ContainsAny((byte)'\r', (byte)'\0');

    private string? ReadDataEnd(ReadOnlySpan<byte> raw, ref int rawStart)
    {
        if (raw[0] != '\r' || (raw.Length > 1 && raw[1] != '\n'))
        {
            return "a chunk is longer than its size";
        }

        if (raw.Length > 1)
        {
            rawStart += 2;
            _part = Part.Size;
        }

        return null;
    }

    private string? ReadTrailer(ReadOnlySpan<byte> raw, ref int rawStart)
    {
        int lineEnd = raw.IndexOf((byte)'\n');
        if (lineEnd < 0)
        {
            return _trailerBytes + raw.Length > MaxTrailerBytes ? "the trailers are too long" : null;
        }

        if (lineEnd == 0 || raw[lineEnd - 1] != '\r' || raw[..(lineEnd - 1)].Contains((byte)'\r'))
        {
            return "a trailer is malformed";
        }

        _trailerBytes += lineEnd + 1;
        rawStart += lineEnd + 1;
        _part = lineEnd == 1 ? Part.End : Part.Trailer;
        return _trailerBytes > MaxTrailerBytes ? "the trailers are too long" : null;
    }
}
