using System.Text;

namespace Tiercel.Engine.Tokenization;

/// <summary>Decodes a stream with .NET's UTF-8 decoder, which keeps the bytes of an unfinished character and replaces broken ones exactly as a whole decode does.</summary>
internal sealed class Utf8StreamDecoder(VocabularyTokenizer tokenizer, bool renderSpecial) : TokenStreamDecoder
{
    private const int StackCharacters = 256;

    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private bool _dropsSpace = tokenizer.StartsWithDroppedSpace;

    /// <summary>Whether the decoder keeps no bytes for certain: the last one given was ASCII.</summary>
    private bool _isClean = true;

    public override string Push(int token) => Convert(tokenizer.ShownBytes(token, renderSpecial, ref _dropsSpace), flush: false);

    public override string Flush()
    {
        string rest = Convert([], flush: true);
        _dropsSpace = tokenizer.StartsWithDroppedSpace;
        return rest;
    }

    private string Convert(ReadOnlySpan<byte> bytes, bool flush)
    {
        if (bytes.IsEmpty && !flush)
        {
            return string.Empty;
        }

        // Most tokens are ASCII and need no decoder.
        if (_isClean && Ascii.IsValid(bytes))
        {
            return Encoding.ASCII.GetString(bytes);
        }

        _isClean = flush || bytes[^1] < 0x80;

        // A byte gives at most one UTF-16 unit, and up to three kept ones may turn out broken.
        int most = bytes.Length + 4;
        Span<char> characters = most <= StackCharacters ? stackalloc char[StackCharacters] : new char[most];
        int count = _decoder.GetChars(bytes, characters, flush);
        return count == 0 ? string.Empty : new string(characters[..count]);
    }
}
