using System.Text;
using Tiercel.Engine.Templates;
using Tiercel.Engine.Tokenization;

namespace Tiercel.Gateway.Tests.Fakes;

/// <summary>A token is a byte; four control tokens follow. Simple enough to write expected ids by hand.</summary>
internal sealed class FakeTokenizer(bool addsBos = true) : Tokenizer
{
    public const int Bos = 256;
    public const int Eos = 257;
    private static readonly string[] Controls = ["<s>", "</s>", "<|im_start|>", "<|im_end|>"];
    private readonly byte[][] _bytes =
        [.. Enumerable.Range(0, 256).Select(b => new[] { (byte)b }), .. Controls.Select(Encoding.UTF8.GetBytes)];

    public override int VocabularySize => _bytes.Length;

    public override int? BosToken => Bos;

    public override int? EosToken => Eos;

    public override bool AddsBos => addsBos;

    public override IReadOnlySet<int> EndTokens { get; } = new HashSet<int> { Eos, 259 };

    public override int[] Encode(IReadOnlyList<TextSegment> segments, bool addSpecial)
    {
        List<int> tokens = addSpecial && addsBos ? [Bos] : [];
        foreach (TextSegment segment in segments)
        {
            string rest = segment.Text;
            while (rest.Length > 0)
            {
                int control = segment.IsTrusted ? Array.FindIndex(Controls, text => rest.StartsWith(text, StringComparison.Ordinal)) : -1;
                int chars = control >= 0 ? Controls[control].Length : char.IsHighSurrogate(rest[0]) && rest.Length > 1 ? 2 : 1;
                tokens.AddRange(control >= 0 ? [256 + control] : Encoding.UTF8.GetBytes(rest[..chars]).Select(b => (int)b));
                rest = rest[chars..];
            }
        }

        return [.. tokens];
    }

    public override ReadOnlySpan<byte> GetBytes(int token) => _bytes[token];

    public override bool IsControl(int token) => token >= 256;

    public override int? Find(string text) => Array.IndexOf(Controls, text) is >= 0 and int index ? 256 + index : null;

    public override string Decode(IEnumerable<int> tokens, bool renderSpecial)
    {
        TokenStreamDecoder decoder = CreateStreamDecoder(renderSpecial);
        StringBuilder text = new();
        foreach (int token in tokens)
        {
            text.Append(decoder.Push(token));
        }

        return text.Append(decoder.Flush()).ToString();
    }

    public override TokenStreamDecoder CreateStreamDecoder(bool renderSpecial) => new FakeDecoder(this, renderSpecial);

    private sealed class FakeDecoder(FakeTokenizer tokenizer, bool renderSpecial) : TokenStreamDecoder
    {
        private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

        public override string Push(int token) => tokenizer.IsControl(token) && !renderSpecial ? "" : Decode(tokenizer.GetBytes(token), flush: false);

        public override string Flush() => Decode([], flush: true);

        private string Decode(ReadOnlySpan<byte> bytes, bool flush)
        {
            Span<char> chars = stackalloc char[64];
            int count = _decoder.GetChars(bytes, chars, flush);
            return new string(chars[..count]);
        }
    }
}
