namespace Tiercel.Testing;

/// <summary>
/// Follows one answer as its bytes go by, and says how many of them may pass before its fault strikes. Finds the end of the head and the events of a stream
/// wherever reads cut them; that the body comes in chunks does not matter, because chunks hold whole events.
/// </summary>
internal sealed class ToxicExchange(Toxic toxic)
{
    private static readonly byte[] Done = "data: [DONE]"u8.ToArray();
    private static readonly byte[] Text = "\"content\":\""u8.ToArray();
    private int _headMatched;
    private bool _inBody;
    private bool _newline;
    private int _doneMatched;
    private int _textMatched;

    public Toxic Toxic => toxic;

    public bool IsStream { get; init; }

    public bool AnswerBegun { get; private set; }

    /// <summary>Events that have passed.</summary>
    public int Events { get; private set; }

    /// <summary>Whether the fault has struck.</summary>
    public bool Struck { get; private set; }

    /// <summary>Whether <c>data: [DONE]</c> has passed.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Looks at bytes of the answer, and changes them where that is the fault.</summary>
    /// <returns>How many of them come before the fault; all when it does not strike here.</returns>
    public int Pass(Span<byte> bytes)
    {
        if (bytes.Length > 0)
        {
            AnswerBegun = true;
        }

        if (toxic.Kind == ToxicKind.ResetBeforeHead)
        {
            Struck = true;
            return 0;
        }

        for (int i = 0; i < bytes.Length; i++)
        {
            if (!_inBody)
            {
                _headMatched = bytes[i] == "\r\n\r\n"u8[_headMatched] ? _headMatched + 1 : bytes[i] == '\r' ? 1 : 0;
                _inBody = _headMatched == 4;
                if (_inBody && toxic.Kind == ToxicKind.ResetAfterHead)
                {
                    return Strike(i + 1);
                }

                continue;
            }

            if (Matches(Done, bytes[i], ref _doneMatched))
            {
                IsDone = true;
                if (toxic.Kind == ToxicKind.ResetBeforeDone)
                {
                    return Strike(Math.Max(0, i + 1 - Done.Length));
                }
            }

            if (toxic.Kind == ToxicKind.Corrupt && Events >= toxic.Amount && !Struck && Corrupts(ref bytes[i]))
            {
                Struck = true;
            }

            bool ends = bytes[i] == '\n' && _newline;
            _newline = bytes[i] == '\n' && !ends;
            Events += ends ? 1 : 0;
            if (ends && !IsDone && Events >= toxic.Amount && (toxic.Kind is ToxicKind.ResetAfterEvents or ToxicKind.SwallowAfterEvents))
            {
                return Strike(i + 1);
            }
        }

        return bytes.Length;
    }

    /// <summary>For a fault that is carried out elsewhere.</summary>
    public void Strike() => Struck = true;

    private static bool Matches(ReadOnlySpan<byte> wanted, byte value, ref int matched)
    {
        matched = value == wanted[matched] ? matched + 1 : value == wanted[0] ? 1 : 0;
        if (matched < wanted.Length)
        {
            return false;
        }

        matched = 0;
        return true;
    }

    /// <summary>Replaces a letter or a space that begins a text.</summary>
    private bool Corrupts(ref byte value)
    {
        if (_textMatched == Text.Length)
        {
            _textMatched = 0;
            if (char.IsAsciiLetter((char)value) || value == ' ')
            {
                value = value == (byte)'x' ? (byte)'y' : (byte)'x';
                return true;
            }
        }

        _textMatched = value == Text[_textMatched] ? _textMatched + 1 : value == Text[0] ? 1 : 0;
        return false;
    }

    private int Strike(int passed)
    {
        Struck = true;
        return passed;
    }
}
