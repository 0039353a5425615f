using Tiercel.Engine.Serving;
using Tiercel.Engine.Tokenization;

namespace Tiercel.Engine.Tests.Serving;

/// <summary>Which tokens go out with which text, and what is held back.</summary>
public sealed class ChoiceTextTests
{
    [Fact]
    public void TextGoesOutWithItsTokens()
    {
        ChoiceText choice = Create(["ab", "cd"]);
        (GenerationEvent? first, bool stopped) = Push(choice, new GeneratedToken(0, null, []));
        Assert.False(stopped);
        Assert.Equal("ab", first!.Text);
        Assert.Equal([0], first.Tokens.Select(token => token.Token));
        (GenerationEvent? second, _) = Push(choice, new GeneratedToken(1, null, []));
        Assert.Equal("cd", second!.Text);
        Assert.Equal([1], second.Tokens.Select(token => token.Token));
    }

    [Fact]
    public void ATokenWithoutTextWaitsForTheNext()
    {
        ChoiceText choice = Create(["", "é"]);
        Assert.Null(Push(choice, new GeneratedToken(0, null, [])).Event);
        GenerationEvent? news = Push(choice, new GeneratedToken(1, null, [])).Event;
        Assert.Equal([0, 1], news!.Tokens.Select(token => token.Token));
    }

    [Fact]
    public void TheBeginningOfAStopStringIsHeldBackAndReleasedAtTheEnd()
    {
        ChoiceText choice = Create(["one ST", "O"], "STOP");
        Assert.Equal("one ", Push(choice, new GeneratedToken(0, null, [])).Event!.Text);
        Assert.Null(Push(choice, new GeneratedToken(1, null, [])).Event);
        GenerationEvent last = choice.Finish(FinishReason.Length, null);
        Assert.Equal("STO", last.Text);
        Assert.Equal([1], last.Tokens.Select(token => token.Token));
    }

    [Fact]
    public void NothingOfAStopStringComesOut()
    {
        ChoiceText choice = Create(["one ", "two ST", "OP three"], "STOP");
        string text = "";
        List<int> tokens = [];
        for (int i = 0; i < 3; i++)
        {
            (GenerationEvent? news, bool stopped) = Push(choice, new GeneratedToken(i, null, []));
            text += news?.Text;
            tokens.AddRange(news?.Tokens.Select(token => token.Token) ?? []);
            Assert.Equal(i == 2, stopped);
        }

        GenerationEvent last = choice.Finish(FinishReason.Stop, null);
        Assert.Equal("one two ", text + last.Text);
        Assert.Equal([0, 1], tokens.Concat(last.Tokens.Select(token => token.Token)));
    }

    private static (GenerationEvent? Event, bool Stopped) Push(ChoiceText choice, GeneratedToken token)
    {
        choice.Take(token);
        return (choice.IsStopped ? null : choice.News(), choice.IsStopped);
    }

    private static ChoiceText Create(string[] pieces, params string[] stops) => new(0, new PieceDecoder(pieces), stops);

    /// <summary>Token i decodes to the i-th piece.</summary>
    private sealed class PieceDecoder(string[] pieces) : TokenStreamDecoder
    {
        public override string Push(int token) => pieces[token];

        public override string Flush() => "";
    }
}
