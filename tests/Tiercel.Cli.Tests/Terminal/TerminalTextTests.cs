using Tiercel.Cli.Terminal;

namespace Tiercel.Cli.Tests.Terminal;

public class TerminalTextTests
{
    [Theory]
    [InlineData("plain text, é, 😀\n\tindented", "plain text, é, 😀\n\tindented")]
    [InlineData("\u001b[2J\u001b]0;title\u0007hidden", "[2J]0;titlehidden")]
    [InlineData("\u009b31mred", "31mred")]
    [InlineData("over\rwritten\b\b\u007f\0", "overwritten")]
    public void Only_what_a_terminal_acts_on_is_left_out(string text, string expected) => Assert.Equal(expected, TerminalText.Strip(text));

    [Fact]
    public void Nothing_a_terminal_acts_on_is_left_of_any_character()
    {
        for (int c = 0; c <= char.MaxValue; c++)
        {
            string kept = TerminalText.Strip(((char)c).ToString());
            bool acts = (c < 0x20 && c is not ('\n' or '\t')) || c is >= 0x7f and <= 0x9f;
            Assert.Equal(acts ? 0 : 1, kept.Length);
        }
    }

    [Fact]
    public void A_line_stays_one_line() => Assert.Equal("a b c d", TerminalText.OneLine("a\r\nb\nc\td\u001b\n"));
}
