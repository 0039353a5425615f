namespace Tiercel.Engine.Tokenization.Vocabularies;

/// <summary>Vocabularies that have U+2581 where text has a space.</summary>
internal static class SpaceMarks
{
    /// <summary>U+2581 in UTF-8.</summary>
    public static ReadOnlySpan<byte> Mark => "▁"u8;

    /// <summary>Writes a token's text as it is shown, with spaces for marks; returns how many bytes.</summary>
    public static int Show(ReadOnlySpan<byte> text, Span<byte> target)
    {
        int written = 0;
        for (int mark = text.IndexOf(Mark); mark >= 0; mark = text.IndexOf(Mark))
        {
            written += Copy(text[..mark], target[written..]);
            target[written++] = (byte)' ';
            text = text[(mark + Mark.Length)..];
        }

        return written + Copy(text, target[written..]);
    }

    /// <summary>Writes a token's text unchanged; returns how many bytes.</summary>
    public static int Copy(ReadOnlySpan<byte> text, Span<byte> target)
    {
        text.CopyTo(target);
        return text.Length;
    }
}
