using System.Buffers;

namespace Tiercel.Gateway.Upstreams.Http;

/// <summary>
/// The one buffer of a connection: raw bytes as they came, and before them the decoded body that nobody has taken yet. Both are contiguous, so that
/// scanners work on one span.
/// </summary>
/// <param name="maxBytes">Largest size.</param>
internal sealed class ReceiveBuffer(int maxBytes)
{
    /// <summary>The first size: most connections of a gateway wait for the next event of a stream, and each holds this.</summary>
    private const int SmallBytes = 4 * 1024;

    /// <summary>The largest buffer that a connection keeps while it is idle.</summary>
    private const int KeptBytes = 32 * 1024;

    /// <summary>A buffer that one receive filled is doubled up to here: fewer calls for large answers.</summary>
    private const int LargeBytes = 128 * 1024;

    private byte[] _bytes = [];
    private int _bodyStart;
    private int _bodyEnd;
    private int _rawStart;
    private int _rawEnd;
    private bool _wasFilled;

    public ReadOnlyMemory<byte> Body => _bytes.AsMemory(_bodyStart, _bodyEnd - _bodyStart);

    /// <summary>Where the body starts in the array behind it.</summary>
    public int BodyStart => _bodyStart;

    public int BodyLength => _bodyEnd - _bodyStart;

    public ReadOnlySpan<byte> Raw => _bytes.AsSpan(_rawStart, _rawEnd - _rawStart);

    /// <summary>Room for the next receive, or empty when what is held unread has reached the limit.</summary>
    public Memory<byte> Room()
    {
        int held = _bodyEnd - _bodyStart + _rawEnd - _rawStart;
        if (held == 0)
        {
            _bodyStart = _bodyEnd = _rawStart = _rawEnd = 0;
        }

        bool isTight = _bytes.Length - _rawEnd < SmallBytes / 2;
        if (isTight || (_wasFilled && _bytes.Length < LargeBytes))
        {
            if (held >= maxBytes)
            {
                return default;
            }

            // What is not taken needs its room; that a receive filled the buffer is a reason to double it only up to a size, or it would grow with a fast engine.
            bool grows = held > _bytes.Length / 2 || (_wasFilled && _bytes.Length < LargeBytes);
            int size = Math.Max(SmallBytes, grows ? _bytes.Length * 2 : _bytes.Length);
            Arrange((int)Math.Min(size, (long)maxBytes + SmallBytes));
            _wasFilled = false;
        }

        return _bytes.AsMemory(_rawEnd);
    }

    /// <summary>Says that so many bytes came into the room.</summary>
    public void Received(int bytes)
    {
        _rawEnd += bytes;
        _wasFilled = _rawEnd == _bytes.Length;
    }

    /// <summary>Drops raw bytes that are understood; the body begins behind them.</summary>
    public void SkipRaw(int bytes)
    {
        _rawStart += bytes;
        _bodyStart = _bodyEnd = _rawStart;
    }

    /// <summary>Makes raw bytes body bytes, as they are.</summary>
    public int TakeRaw(long limit)
    {
        int take = (int)Math.Min(limit, _rawEnd - _rawStart);
        _rawStart += take;
        _bodyEnd += take;
        return take;
    }

    public string? TakeChunks(ref ChunkDecoder decoder) => decoder.Decode(_bytes, ref _bodyEnd, ref _rawStart, _rawEnd);

    public void ConsumeBody(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, BodyLength);
        _bodyStart += bytes;
    }

    /// <summary>Forgets everything and keeps no more than a small buffer.</summary>
    public void Reset()
    {
        _bodyStart = _bodyEnd = _rawStart = _rawEnd = 0;
        _wasFilled = false;
        if (_bytes.Length > KeptBytes)
        {
            GiveBack();
        }
    }

    /// <summary>Forgets the buffer without giving it back: a receive that was cancelled may still write into it.</summary>
    public void Abandon() => _bytes = [];

    private void GiveBack()
    {
        byte[] bytes = _bytes;
        _bytes = [];
        if (bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    /// <summary>Brings body and raw bytes together at the front of a buffer of this size.</summary>
    private void Arrange(int size)
    {
        byte[] target = size > _bytes.Length ? ArrayPool<byte>.Shared.Rent(size) : _bytes;
        int body = _bodyEnd - _bodyStart;
        int raw = _rawEnd - _rawStart;
        _bytes.AsSpan(_bodyStart, body).CopyTo(target);
        _bytes.AsSpan(_rawStart, raw).CopyTo(target.AsSpan(body));
        (_bodyStart, _bodyEnd, _rawStart, _rawEnd) = (0, body, body, body + raw);
        if (target != _bytes)
        {
            GiveBack();
            _bytes = target;
        }
    }
}
