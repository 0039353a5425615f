namespace Tiercel.Engine.Tokenization.Vocabularies;

/// <summary>
/// GPT-2's alphabet: every byte has a visible character, so that token texts are printable. Printable Latin-1 stands for itself, the 68 other bytes
/// for U+0100 to U+0143 in order.
/// </summary>
internal static class ByteAlphabet
{
    private const int Size = 0x144;

    private static readonly short[] Bytes = BuildBytes();
    private static readonly char[] Characters = BuildCharacters();

    public static char CharacterOf(byte value) => Characters[value];

    /// <summary>Writes the bytes that a token's text stands for; false if a character of it is outside the alphabet.</summary>
    /// <param name="text">Valid UTF-8.</param>
    /// <param name="target">At least as long as the text.</param>
    public static bool TryDecode(ReadOnlySpan<byte> text, Span<byte> target, out int count)
    {
        count = 0;
        for (int i = 0; i < text.Length; i++)
        {
            // No character of the alphabet takes more than two bytes.
            int character = text[i];
            if (character >= 0x80)
            {
                character = character < 0xE0 ? ((character & 0x1F) << 6) | (text[++i] & 0x3F) : Size;
            }

            if (character >= Size || Bytes[character] < 0)
            {
                return false;
            }

            target[count++] = (byte)Bytes[character];
        }

        return true;
    }

    private static short[] BuildBytes()
    {
        short[] bytes = new short[Size];
        Array.Fill(bytes, (short)-1);
        int next = 0x100;
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE;
            bytes[printable ? value : next++] = (short)value;
        }

        return bytes;
    }

    private static char[] BuildCharacters()
    {
        char[] characters = new char[256];
        for (int character = 0; character < Size; character++)
        {
            if (Bytes[character] >= 0)
            {
                characters[Bytes[character]] = (char)character;
            }
        }

        return characters;
    }
}
