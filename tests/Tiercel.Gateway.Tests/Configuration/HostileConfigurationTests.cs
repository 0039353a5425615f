using System.Text;
using Tiercel.Gateway.Configuration;
using Tiercel.Testing;

namespace Tiercel.Gateway.Tests.Configuration;

public class HostileConfigurationTests
{
    [Fact]
    public void A_file_beyond_a_mebibyte_is_refused()
    {
        string comment = "#" + new string('x', 1 << 20);
        Assert.Equal(["t.yaml: is larger than 1 MiB"], ConfigurationText.Errors(comment));
    }

    [Theory]
    [InlineData("", "t.yaml: is empty")]
    [InlineData("# nothing\n", "t.yaml: is empty")]
    [InlineData("just words", "t.yaml:1:1: wants a group of keys")]
    [InlineData("a: 1\n---\nb: 2\n", "a second document begins here")]
    [InlineData("a: [1, 2", "is no YAML")]
    [InlineData("pools: *p", "t.yaml:1:8: is an alias of nothing that ends before it")]
    [InlineData("pools: &p { a: *p }", "is an alias of nothing that ends before it")]
    [InlineData("pools: !ruby/object {}", "has a tag")]
    [InlineData("? [a]\n: b", "a key must be a plain name")]
    public void What_cannot_be_read_on_is_refused_with_its_place(string text, string expected)
        => Assert.Contains(expected, ConfigurationText.Errors(text)[0], StringComparison.Ordinal);

    [Fact]
    public void Bytes_that_are_no_text_are_refused()
        => Assert.Equal("is not UTF-8", Assert.Single(ConfigurationFile.Parse("t.yaml", new byte[] { (byte)'a', 0xff }, ReferenceResolver.None).Errors).Reason);

    [Fact]
    public void Nesting_aliases_and_sheer_number_have_bounds()
    {
        StringBuilder bomb = new("a: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 12; i++)
        {
            bomb.Append($"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        }

        (string Text, string Expected)[] corpus =
        [
            (bomb.ToString(), "values, aliases counted in full"),
            ("a: " + new string('[', 500_000), "is nested more than 32 deep"),
            (string.Concat(Enumerable.Range(0, 200).Select(i => new string(' ', i) + "a:\n")), "is nested more than 32 deep"),
            (string.Concat(Enumerable.Repeat("{a: ", 200_000)), "is nested more than 32 deep"),
            (string.Concat(Enumerable.Repeat("- - - - ", 100_000)), "is nested more than 32 deep"),
            ("a: [" + string.Concat(Enumerable.Repeat("1,", 500_000)) + "]", "makes more than 200000 values"),
            ("a: \"" + new string('x', 1_000_000), "is no YAML"),
            ("a: \"" + string.Concat(Enumerable.Repeat("\\x41", 250_000)) + "\"", "unknown key 'a'"),
            (string.Concat(Enumerable.Range(0, 60_000).Select(i => $"k{i}:\n")), "and 59902 more"),
            ("pools: { " + string.Concat(Enumerable.Range(0, 200).Select(i => $"p{i}: 1, ")) + "}", "more"),
            (string.Concat(Enumerable.Repeat("*", 1_000_000)), "t.yaml"),
            (string.Concat(Enumerable.Repeat("&a ", 300_000)), "t.yaml"),
            (string.Concat(Enumerable.Repeat("? ", 500_000)), "t.yaml"),
            ("%YAML 1.1\n%TAG ! " + new string('x', 900_000), "t.yaml"),
            ("a: |" + new string('\n', 1_000_000), "t.yaml"),
            (new string('a', 1_000_000) + ": 1", "t.yaml"),
        ];
        foreach ((string text, string expected) in corpus)
        {
            TimeBound.Hold(TimeSpan.FromSeconds(2), () =>
            {
                string all = string.Join('\n', ConfigurationText.Errors(text));
                Assert.Contains(expected, all, StringComparison.Ordinal);
                Assert.InRange(all.Length, 1, 50_000);
            });
        }
    }

    [Fact]
    public void An_example_with_random_damage_is_read_or_refused_and_nothing_else()
    {
        byte[] good = File.ReadAllBytes(Path.Combine(TestFiles.RepositoryRoot, "deploy", "tiercel.example.yaml"));
        byte[] letters = ":-{}[],&*!|>'\"%@`#? \n\tax09\\\0~"u8.ToArray();
        Random random = new(20);
        int refused = 0;
        for (int i = 0; i < 3000; i++)
        {
            byte[] damaged = [.. good];
            for (int changes = random.Next(1, 6); changes > 0; changes--)
            {
                damaged[random.Next(damaged.Length)] = letters[random.Next(letters.Length)];
            }

            ConfigurationReading reading = ConfigurationFile.Parse("t.yaml", damaged, ReferenceResolver.None);
            Assert.NotEqual(reading.Configuration is null, reading.Errors.Count == 0);
            Assert.All(reading.Errors, error => Assert.InRange(error.Line, 0, 100));
            refused += reading.Configuration is null ? 1 : 0;
        }

        Assert.InRange(refused, 500, 2999);
    }
}
