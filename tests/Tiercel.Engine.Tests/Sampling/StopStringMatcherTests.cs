using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Tiercel.Engine.Sampling;

namespace Tiercel.Engine.Tests.Sampling;

public class StopStringMatcherTests
{
    [Fact]
    public void A_stop_across_pieces_ends_the_text_before_it()
    {
        var matcher = new StopStringMatcher(["\n\nUser:"]);
        Assert.Equal("Hello", matcher.Push("Hello\n"));
        Assert.Equal("", matcher.Push("\nUse"));
        Assert.Equal(5, matcher.HeldLength);
        Assert.Equal("", matcher.Push("r: next"));
        Assert.Equal("\n\nUser:", matcher.Match);
        Assert.Throws<InvalidOperationException>(() => matcher.Push("more"));
    }

    [Fact]
    public void What_turns_out_to_be_no_stop_is_released()
    {
        var matcher = new StopStringMatcher(["STOP"]);
        Assert.Equal("a", matcher.Push("aSTO"));
        Assert.Equal("STOSTR", matcher.Push("STR"));
        Assert.Equal("", matcher.Push("ST"));
        Assert.Equal("ST", matcher.Flush());
        Assert.Null(matcher.Match);
    }

    [Theory]
    [InlineData("xabcd", new[] { "abcd", "bc" }, "xa", "bc")]
    [InlineData("xabc", new[] { "bc", "abc" }, "x", "abc")]
    [InlineData("aaab", new[] { "aab" }, "a", "aab")]
    [InlineData("😀😁😂", new[] { "😁" }, "😀", "😁")]
    [InlineData("none of them", new[] { "zz" }, "none of them", null)]
    public void The_first_complete_stop_wins_and_the_longest_of_those(string text, string[] stops, string expected, string? match)
    {
        var matcher = new StopStringMatcher(stops);
        StringBuilder emitted = new();
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (matcher.Match is null)
            {
                emitted.Append(matcher.Push(rune.ToString()));
            }
        }

        emitted.Append(matcher.Flush());
        Assert.Equal(expected, emitted.ToString());
        Assert.Equal(match, matcher.Match);
    }

    [Fact]
    public void Any_cut_of_any_text_gives_what_a_search_of_the_whole_text_gives() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(3000),
            Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
            {
                var random = new Random(seed);
                string[] alphabet = ["a", "b", "c", "é", "😀", "😁"];
                int letters = random.Next(2, alphabet.Length + 1);
                string Text(int length) => string.Concat(Enumerable.Range(0, length).Select(_ => alphabet[random.Next(letters)]));
                string text = Text(random.Next(0, 60));
                string[] stops = [.. Enumerable.Range(0, random.Next(0, 5)).Select(_ => Text(random.Next(1, 6)))];
                (string expected, string? match) = Search(text, stops);
                var matcher = new StopStringMatcher(stops);
                StringBuilder emitted = new();
                int at = 0;
                while (at < text.Length && matcher.Match is null)
                {
                    int piece = Math.Min(random.Next(0, 7), text.Length - at);
                    emitted.Append(matcher.Push(text.Substring(at, piece)));
                    at += piece;
                    AssertHoldsNoMoreThanNeeded(matcher, text[..at], stops);
                }

                emitted.Append(matcher.Flush());
                Assert.Equal(expected, emitted.ToString());
                Assert.Equal(match, matcher.Match);
            }));

    [Fact]
    public void Wrong_stop_strings_are_refused()
    {
        Assert.Equal("stop", StopStringMatcher.Validate([""])!.Parameter);
        Assert.Equal("stop", StopStringMatcher.Validate([new string('x', 1025)])!.Parameter);
        Assert.Equal("stop", StopStringMatcher.Validate([.. Enumerable.Repeat("x", 65)])!.Parameter);
        Assert.Null(StopStringMatcher.Validate([]));
    }

    private static void AssertHoldsNoMoreThanNeeded(StopStringMatcher matcher, string text, string[] stops)
    {
        if (matcher.Match is null)
        {
            int needed = 0;
            for (int length = 1; length <= text.Length; length++)
            {
                string suffix = text[^length..];
                needed = stops.Any(s => s.StartsWith(suffix, StringComparison.Ordinal)) ? length : needed;
            }

            Assert.Equal(needed, matcher.HeldLength);
        }
    }

    /// <summary>The definition: the smallest end of any occurrence, and the longest stop string there.</summary>
    private static (string Text, string? Match) Search(string text, string[] stops)
    {
        var first = stops
            .Select(s => (Stop: s, Start: text.IndexOf(s, StringComparison.Ordinal)))
            .Where(f => f.Start >= 0)
            .OrderBy(f => f.Start + f.Stop.Length)
            .ThenByDescending(f => f.Stop.Length)
            .FirstOrDefault();
        return first.Stop is null ? (text, null) : (text[..first.Start], first.Stop);
    }
}
