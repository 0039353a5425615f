using Tiercel.Engine.Tokenization.Merging;

namespace Tiercel.Engine.Tokenization.Splitting;

/// <summary>Cuts text into the pieces inside which merging happens, and encodes each.</summary>
internal abstract class PreTokenizer
{
    /// <param name="text">Well-formed UTF-8 without special tokens.</param>
    public abstract void Encode(ReadOnlySpan<byte> text, PieceEncoder<BytePairRule> encoder, ref TokenBuffer output);

    /// <summary>The ends of the pieces, in order.</summary>
    public abstract List<int> Split(ReadOnlySpan<byte> text);
}
