using Tiercel.Cli.Terminal;

namespace Tiercel.Cli.Tests.Terminal;

public class SizeTextTests
{
    [Theory]
    [InlineData("4096", 4096)]
    [InlineData("2GiB", 2L << 30)]
    [InlineData("2g", 2L << 30)]
    [InlineData("1.5 MB", 1_500_000)]
    [InlineData("512kib", 512 << 10)]
    [InlineData("7b", 7)]
    public void Sizes_are_read_as_people_write_them(string text, long expected)
    {
        Assert.True(SizeText.TryParse(text, out long bytes));
        Assert.Equal(expected, bytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("GiB")]
    [InlineData("-1")]
    [InlineData("0")]
    [InlineData("1e9")]
    [InlineData("9999999999TiB")]
    [InlineData("12 apples")]
    public void What_is_no_size_is_refused(string text) => Assert.False(SizeText.TryParse(text, out _));
}
