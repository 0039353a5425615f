namespace Tiercel.Engine.Tokenization.Specials;

/// <summary>Which bytes of a joined text are trusted. It is asked in rising order of position, so each range is passed once.</summary>
internal ref struct TrustedRanges
{
    private readonly ReadOnlySpan<TrustedRange> _ranges;
    private int _current;

    /// <param name="ranges">In order, without gaps; neighbours that are both trusted are one range.</param>
    public TrustedRanges(ReadOnlySpan<TrustedRange> ranges)
    {
        _ranges = ranges;
    }

    /// <summary>The end of the trusted text around a position, or the position itself where it is not trusted.</summary>
    public int EndOfTrust(int position)
    {
        while (_current < _ranges.Length && _ranges[_current].End <= position)
        {
            _current++;
        }

        return _current < _ranges.Length && _ranges[_current].IsTrusted ? _ranges[_current].End : position;
    }
}

/// <summary>A stretch of bytes up to <paramref name="End"/>, from the end of the one before.</summary>
internal readonly record struct TrustedRange(int End, bool IsTrusted);
