namespace Tiercel.Gateway.Upstreams.Scanning;

/// <summary>The lines of one event, as far as they have been seen. Offsets count from the event's first byte.</summary>
internal struct EventLines
{
    private int _lineStart;
    private int _searched;

    /// <summary>How a worker's token comments begin.</summary>
    public static ReadOnlySpan<byte> TokenMark => ": t "u8;

    public int DataLines { get; private set; }

    /// <summary>The value of the only data line.</summary>
    public int DataStart { get; private set; }

    public int DataLength { get; private set; }

    public int CutStart { get; private set; }

    public int CutLength { get; private set; }

    public bool IsErrorEvent { get; private set; }

    public string? Fault { get; private set; }

    /// <summary>Goes on to the empty line.</summary>
    /// <param name="bytes">All bytes of the event that there are, those seen before too.</param>
    /// <param name="wantsTokens">Whether token comments are to be found.</param>
    /// <param name="length">Bytes of the event with its empty line.</param>
    public bool TryFindEnd(ReadOnlySpan<byte> bytes, bool wantsTokens, out int length)
    {
        while (true)
        {
            int end = bytes[_searched..].IndexOf((byte)'\n');
            if (end < 0)
            {
                _searched = bytes.Length;
                length = 0;
                return false;
            }

            end += _searched;
            int lineEnd = end > _lineStart && bytes[end - 1] == '\r' ? end - 1 : end;
            if (lineEnd == _lineStart)
            {
                length = end + 1;
                return true;
            }

            TakeLine(bytes[_lineStart..lineEnd], end + 1, wantsTokens);
            _lineStart = _searched = end + 1;
        }
    }

    /// <summary>Puts the values of several data lines together, a line feed between each.</summary>
    public static int JoinData(ReadOnlySpan<byte> whole, Span<byte> joined)
    {
        int length = 0;
        while (!whole.IsEmpty)
        {
            int end = whole.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = whole[..end].TrimEnd((byte)'\r');
            whole = whole[(end + 1)..];
            if (!TryGetData(line, out int start))
            {
                continue;
            }

            if (length > 0)
            {
                joined[length++] = (byte)'\n';
            }

            line[start..].CopyTo(joined[length..]);
            length += line.Length - start;
        }

        return length;
    }

    private static bool TryGetData(ReadOnlySpan<byte> line, out int start)
    {
        start = 0;
        if (!line.StartsWith("data"u8))
        {
            return false;
        }

        if (line.Length == 4)
        {
            start = 4;
            return true;
        }

        start = line.Length > 5 && line[5] == ' ' ? 6 : 5;
        return line[4] == ':';
    }

    private void TakeLine(ReadOnlySpan<byte> line, int next, bool wantsTokens)
    {
        if (TryGetData(line, out int start))
        {
            DataLines++;
            DataStart = _lineStart + start;
            DataLength = line.Length - start;
        }
        else if (wantsTokens && line.StartsWith(TokenMark))
        {
            if (CutLength > 0 && CutStart + CutLength != _lineStart)
            {
                Fault = "token comments are scattered over an event";
            }

            CutStart = CutLength == 0 ? _lineStart : CutStart;
            CutLength = next - CutStart;
        }
        else if (line.StartsWith("event:"u8))
        {
            IsErrorEvent |= line[6..].Trim((byte)' ').SequenceEqual("error"u8);
        }
        else
        {
            // Comments, ids, retry times, and what a later version of the format may add: not for us.
        }

        if (line.Contains((byte)'\r'))
        {
            // Some readers end lines here and others do not; JSON never has one.
            Fault = "the stream holds a bare carriage return";
        }
    }
}
