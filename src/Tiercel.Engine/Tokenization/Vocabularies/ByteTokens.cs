using System.Globalization;

namespace Tiercel.Engine.Tokenization.Vocabularies;

/// <summary>Tokens of the form <c>&lt;0xNN&gt;</c>, which stand for one byte.</summary>
internal static class ByteTokens
{
    public static string TextOf(int value) => $"<0x{value:X2}>";

    /// <exception cref="Formats.ModelFormatException">A token of type 6 has another text.</exception>
    public static byte ValueOf(Vocabulary vocabulary, int token)
    {
        string text = vocabulary.Texts[token];
        return text.Length == 6 && text.StartsWith("<0x", StringComparison.Ordinal) && text[5] == '>'
            && byte.TryParse(text.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value)
            ? value
            : throw VocabularyReader.Wrong(TokenizerKeys.Tokens, $"has token {vocabulary.Describe(token)} of type 6 (byte), which is not of the form <0xNN>");
    }

    /// <summary>The token of each byte, or -1.</summary>
    public static int[] Find(Vocabulary vocabulary)
    {
        int[] tokens = new int[256];
        for (int value = 0; value < tokens.Length; value++)
        {
            tokens[value] = vocabulary.Find(TextOf(value)) is int id && vocabulary.Types[id] == TokenType.Byte ? id : -1;
        }

        return tokens;
    }
}
