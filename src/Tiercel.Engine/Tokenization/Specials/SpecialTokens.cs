using System.Buffers;
using Tiercel.Engine.Tokenization.Vocabularies;

namespace Tiercel.Engine.Tokenization.Specials;

/// <summary>
/// Finds the tokens that are cut out of text before anything else: control and unknown tokens, which count only in trusted text, and user-defined ones,
/// which count everywhere. At each place the longest wins, as in the tokenizers that models were trained with.
/// </summary>
internal sealed class SpecialTokens
{
    /// <summary>Bytes; bounds the work at one place of a text. The longest that models use are runs of about 130 spaces.</summary>
    private const int LongestText = 1024;

    private readonly ByteTrie _trie = new();
    private readonly SearchValues<byte> _firsts;
    private readonly HashSet<int> _stripsLeft;
    private readonly HashSet<int> _stripsRight;
    private readonly TokenType[] _types;

    public SpecialTokens(Vocabulary vocabulary)
    {
        _types = vocabulary.Types;
        HashSet<byte> firsts = [];
        for (int token = 0; token < vocabulary.Count; token++)
        {
            if (_types[token] is TokenType.Control or TokenType.Unknown or TokenType.UserDefined)
            {
                Add(vocabulary, token, firsts);
            }
        }

        // An ordinary token with the name of an end ("</s>" in Qwen's vocabulary) stays ordinary, but a template that writes it means that token.
        foreach (string name in ChatMarkers.Ends)
        {
            if (vocabulary.Find(name) is int token && _types[token] == TokenType.Normal)
            {
                Add(vocabulary, token, firsts);
            }
        }

        _firsts = SearchValues.Create([.. firsts]);
        (_stripsLeft, _stripsRight) = StrippingTokens.Find(vocabulary);
    }

    /// <summary>Whether white space before a token belongs to it.</summary>
    public bool StripsLeft(int token) => _stripsLeft.Count > 0 && _stripsLeft.Contains(token);

    /// <summary>Whether white space after a token belongs to it.</summary>
    public bool StripsRight(int token) => _stripsRight.Count > 0 && _stripsRight.Contains(token);

    /// <summary>Finds the first special token at or after <paramref name="from"/>.</summary>
    public bool FindNext(ReadOnlySpan<byte> text, int from, ref TrustedRanges trust, out int start, out int length, out int token)
    {
        for (start = from; start < text.Length; start++)
        {
            int hop = text[start..].IndexOfAny(_firsts);
            if (hop < 0)
            {
                break;
            }

            start += hop;
            if (MatchAt(text, start, ref trust, out length, out token))
            {
                return true;
            }
        }

        length = 0;
        token = ByteTrie.None;
        return false;
    }

    private void Add(Vocabulary vocabulary, int token, HashSet<byte> firsts)
    {
        ReadOnlySpan<byte> text = vocabulary.Texts.Utf8(token);
        if (text.Length > LongestText)
        {
            throw VocabularyReader.Wrong(TokenizerKeys.Tokens, $"has the special token {vocabulary.Describe(token)} of {text.Length} bytes; {LongestText} is the most");
        }

        _trie.Add(text, token);
        firsts.Add(text[0]);
    }

    private bool MatchAt(ReadOnlySpan<byte> text, int start, ref TrustedRanges trust, out int length, out int token)
    {
        int trustedEnd = trust.EndOfTrust(start);
        int node = ByteTrie.Root;
        length = 0;
        token = ByteTrie.None;
        for (int at = start; at < text.Length; at++)
        {
            node = _trie.Step(node, text[at]);
            if (node == ByteTrie.None)
            {
                break;
            }

            int found = _trie.TokenAt(node);
            if (found != ByteTrie.None && (_types[found] == TokenType.UserDefined || at < trustedEnd))
            {
                token = found;
                length = at + 1 - start;
            }
        }

        return token != ByteTrie.None;
    }
}
