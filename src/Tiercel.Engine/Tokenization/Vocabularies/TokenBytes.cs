namespace Tiercel.Engine.Tokenization.Vocabularies;

/// <summary>One byte string for each token, in a single block of memory.</summary>
internal sealed class TokenBytes
{
    private readonly byte[] _block;
    private readonly int[] _ends;

    private TokenBytes(byte[] block, int[] ends)
    {
        _block = block;
        _ends = ends;
    }

    /// <summary>Writes a token's bytes into a span that is longer than its text in UTF-8, and returns how many.</summary>
    public delegate int Writer(int token, Span<byte> target);

    public int Count => _ends.Length;

    public ReadOnlySpan<byte> this[int token]
    {
        get
        {
            int start = token == 0 ? 0 : _ends[token - 1];
            return _block.AsSpan(start, _ends[token] - start);
        }
    }

    public static TokenBytes Build(Vocabulary vocabulary, Writer write)
    {
        byte[] block = new byte[vocabulary.Count * 8];
        int[] ends = new int[vocabulary.Count];
        int used = 0;
        for (int token = 0; token < ends.Length; token++)
        {
            int room = vocabulary.Texts.Utf8(token).Length + 1;
            if (block.Length - used < room)
            {
                Array.Resize(ref block, checked(Math.Max(used + room, block.Length * 2)));
            }

            used += write(token, block.AsSpan(used, room));
            ends[token] = used;
        }

        return new TokenBytes(block.AsSpan(0, used).ToArray(), ends);
    }
}
