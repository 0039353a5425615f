namespace Tiercel.Engine.Tokenization.Splitting;

/// <summary>A pre-tokenizer whose pieces follow each other without a gap: one regular expression that always matches something.</summary>
internal interface ISplitter
{
    /// <summary>The end of the piece that begins at <paramref name="start"/>; always beyond it. Everything after the end of the text counts as its end.</summary>
    static abstract int Next(ReadOnlySpan<byte> text, int start);
}
