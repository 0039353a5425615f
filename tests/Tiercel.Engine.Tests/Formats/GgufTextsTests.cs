using Tiercel.Engine.Formats;
using Tiercel.Engine.Tokenization.Vocabularies;

namespace Tiercel.Engine.Tests.Formats;

public class GgufTextsTests
{
    private static readonly string[] Samples = ["", "a", "zwölf 🦅", "nul\0l", "", "▁▁x▁", "\uFFFD", new string('q', 5000)];

    [Fact]
    public void TextsComeBack()
    {
        var texts = GgufTexts.Of(Samples);
        Assert.Equal(Samples, texts);
        Assert.Equal(Samples.Length, texts.Count);
        Assert.Equal("zwölf 🦅"u8, texts.Utf8(2));
        Assert.Throws<IndexOutOfRangeException>(() => texts[Samples.Length]);
    }

    [Fact]
    public void AnIndexFindsEveryTextAndTellsTheFirstThatIsRepeated()
    {
        string[] words = [.. Enumerable.Range(0, 3000).Select(i => $"word {i * 7919 % 3001}")];
        var index = TextIndex.Build(GgufTexts.Of(words), out (int First, int Second)? repeated);
        Assert.Null(repeated);
        for (int i = 0; i < words.Length; i++)
        {
            Assert.Equal(i, index.Find(words[i]));
        }

        Assert.Null(index.Find("word"));
        Assert.Null(index.Find(""));
        Assert.Null(index.Find(new string('w', 5000)));
        TextIndex.Build(GgufTexts.Of(["a", "b", "c", "b", "a"]), out repeated);
        Assert.Equal((1, 3), repeated);
    }

    [Fact]
    public void ALoneSurrogateIsNoToken()
    {
        var index = TextIndex.Build(GgufTexts.Of(["\uFFFD", "🦅"]), out _);
        Assert.Equal(0, index.Find("\uFFFD"));
        Assert.Equal(1, index.Find("🦅"));
        Assert.Null(index.Find("\uD83E"));
    }

    [Fact]
    public void TheByteAlphabetIsReadFromUtf8()
    {
        Span<byte> target = stackalloc byte[8];
        for (int value = 0; value < 256; value++)
        {
            string text = ByteAlphabet.CharacterOf((byte)value) + "x";
            Assert.True(ByteAlphabet.TryDecode(System.Text.Encoding.UTF8.GetBytes(text), target, out int count));
            Assert.Equal([(byte)value, (byte)'x'], target[..count]);
        }

        foreach (string text in (string[])["x ", "\u007F", "\u0080", "\u00AD", "\u0144", "\u07FF", "▁", "🦅"])
        {
            Assert.False(ByteAlphabet.TryDecode(System.Text.Encoding.UTF8.GetBytes(text), target, out _), text);
        }
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("▁", " ")]
    [InlineData("▁▁a▁b", "  a b")]
    [InlineData("plain", "plain")]
    [InlineData("a▂▁", "a▂ ")]
    public void MarksAreShownAsSpaces(string text, string shown)
    {
        byte[] target = new byte[32];
        int count = SpaceMarks.Show(System.Text.Encoding.UTF8.GetBytes(text), target);
        Assert.Equal(shown, System.Text.Encoding.UTF8.GetString(target, 0, count));
    }
}
