using System.Text;
using Tiercel.Engine.Tokenization.Splitting;

namespace Tiercel.Engine.Tests.Tokenization;

public sealed class SplitterTests
{
    /// <summary>Characters of every class that an expression asks for, and a few that no class has.</summary>
    private const string Alphabet = "abstdmlrveSTDMLRVEZ'''  \t\n\r\u000B\u00A0\u3000\u2028 0123456789½Ⅳ١.,!/-_<>|$+=^`~\"(é\u00C9ßΣωЖж字日かナ한\u0301\u0902\u0345\u200D\u0001ªʰǅ，。“…€😀";

    public static TheoryData<string> Names => [.. SplitterOracle.Expressions.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_hand_written_splitter_cuts_where_its_expression_does(string name)
    {
        string alphabet = new([.. Alphabet.Where(static character => !char.IsSurrogate(character))]);
        PreTokenizer splitter = PreTokenizers.Choose(name).Splitter;
        Random random = new(20261122);
        for (int round = 0; round < 6000; round++)
        {
            char[] text = new char[random.Next(1, 24)];
            for (int i = 0; i < text.Length; i++)
            {
                // Runs are as frequent as changes.
                text[i] = i > 0 && random.Next(3) == 0 ? text[i - 1] : alphabet[random.Next(alphabet.Length)];
            }

            string sample = new(text);
            List<int> expected = SplitterOracle.Split(name, sample);
            List<int> actual = splitter.Split(Encoding.UTF8.GetBytes(sample));
            Assert.True(expected.SequenceEqual(actual), $"{name}: {Escape(sample)}: expected {string.Join(',', expected)}, got {string.Join(',', actual)}");
        }
    }

    [Theory]
    [InlineData("llama-bpe", "𐐀𐐨𝒳", "𐐀𐐨𝒳")]
    [InlineData("qwen2", "x𠀀𪛖 𠀀", "x𠀀𪛖| 𠀀")]
    [InlineData("gpt-2", " 𐐀𐐨😀 😀😀", " 𐐀𐐨|😀| 😀😀")]
    [InlineData("smollm", "𐐀𝟘𝟙😀", "𐐀|𝟘|𝟙|😀")]
    [InlineData("gpt-4o", "𐐨𐐨1😀a", "𐐨𐐨|1|😀a")]
    [InlineData("deepseek-v3", "𠀀😀😀𝟘𝟙𝟚𝟛", "𠀀|😀😀|𝟘𝟙𝟚|𝟛")]
    [InlineData("default", "𐐀𝟘 😀", "𐐀|𝟘| 😀")]
    public void Letters_and_digits_beyond_the_basic_plane_are_letters_and_digits(string name, string text, string pieces)
        => Assert.Equal(pieces.Split('|').Aggregate(new List<int>(), static (ends, piece) =>
        {
            ends.Add((ends.Count == 0 ? 0 : ends[^1]) + Encoding.UTF8.GetByteCount(piece));
            return ends;
        }), PreTokenizers.Choose(name).Splitter.Split(Encoding.UTF8.GetBytes(text)));

    [Theory]
    [MemberData(nameof(Names))]
    public void Pieces_cover_any_text_without_gap_or_cut_character(string name)
    {
        PreTokenizer splitter = PreTokenizers.Choose(name).Splitter;
        Random random = new(7);
        for (int round = 0; round < 500; round++)
        {
            StringBuilder text = new();
            for (int i = random.Next(1, 40); i > 0; i--)
            {
                text.Append(Rune.TryCreate(random.Next(0x110000), out Rune rune) ? rune.ToString() : "a");
            }

            byte[] bytes = Encoding.UTF8.GetBytes(text.ToString());
            int start = 0;
            foreach (int end in splitter.Split(bytes))
            {
                Assert.True(end > start, "an empty piece");
                Assert.True(end == bytes.Length || (bytes[end] & 0xC0) != 0x80, "a piece ends inside a character");
                start = end;
            }

            Assert.Equal(bytes.Length, start);
        }
    }

    private static string Escape(string text) => string.Concat(text.Select(static character => character is > ' ' and < '\u007F' ? character.ToString() : $"\\u{(int)character:X4}"));
}
