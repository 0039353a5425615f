using System.Buffers;
using System.Text;
using Tiercel.Engine.Templates;
using Tiercel.Engine.Tokenization.Specials;

namespace Tiercel.Engine.Tokenization;

/// <summary>The segments of a prompt as one UTF-8 text in pooled memory, with the ranges that are trusted. Lone surrogates become U+FFFD.</summary>
internal readonly ref struct JoinedText
{
    private readonly byte[] _buffer;
    private readonly int _length;
    private readonly List<TrustedRange> _ranges;

    private JoinedText(byte[] buffer, int length, List<TrustedRange> ranges)
    {
        _buffer = buffer;
        _length = length;
        _ranges = ranges;
    }

    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, _length);

    public ReadOnlySpan<TrustedRange> Ranges => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_ranges);

    public static JoinedText Join(IReadOnlyList<TextSegment> segments)
    {
        long units = 0;
        foreach (TextSegment segment in segments)
        {
            units += segment.Text.Length;
        }

        // At most three bytes for each UTF-16 unit.
        byte[] buffer = ArrayPool<byte>.Shared.Rent(checked((int)((units * 3) + 4)));
        List<TrustedRange> ranges = new(segments.Count);
        int length = 0;
        (char High, bool IsTrusted) pending = default;
        for (int i = 0; i < segments.Count; i++)
        {
            ReadOnlySpan<char> text = segments[i].Text;
            bool trusted = segments[i].IsTrusted;
            if (pending.High != 0 && text.Length > 0)
            {
                // A character whose halves lie in two segments is whole in the joined text, and trusted if both halves are.
                bool isPair = char.IsLowSurrogate(text[0]);
                ReadOnlySpan<char> joined = isPair ? [pending.High, text[0]] : [pending.High];
                length += Encoding.UTF8.GetBytes(joined, buffer.AsSpan(length));
                AddRange(ranges, length, pending.IsTrusted && (trusted || !isPair));
                text = isPair ? text[1..] : text;
                pending = default;
            }

            if (text.Length > 0 && char.IsHighSurrogate(text[^1]))
            {
                pending = (text[^1], trusted);
                text = text[..^1];
            }

            length += Encoding.UTF8.GetBytes(text, buffer.AsSpan(length));
            AddRange(ranges, length, trusted);
        }

        if (pending.High != 0)
        {
            length += Encoding.UTF8.GetBytes([pending.High], buffer.AsSpan(length));
            AddRange(ranges, length, pending.IsTrusted);
        }

        return new JoinedText(buffer, length, ranges);
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    private static void AddRange(List<TrustedRange> ranges, int end, bool trusted)
    {
        if (ranges.Count > 0 && ranges[^1].IsTrusted == trusted)
        {
            ranges[^1] = new TrustedRange(end, trusted);
        }
        else if (end > (ranges.Count > 0 ? ranges[^1].End : 0))
        {
            ranges.Add(new TrustedRange(end, trusted));
        }
    }
}
