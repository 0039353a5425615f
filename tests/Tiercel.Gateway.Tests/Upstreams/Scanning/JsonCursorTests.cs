using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Tiercel.Gateway.Upstreams.Scanning;

namespace Tiercel.Gateway.Tests.Upstreams.Scanning;

public sealed class JsonCursorTests
{
    private static readonly string[] Pieces =
    [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\"a\"", "\"\\u00e4\"", "\"\\ud83d\\ude00\"", "\"\\q\"", "\"\n\"", "1", "-", "0", "01", "-0.5e+3", "1.", "1e", ".5", "true", "fals", "null",
        " ", "\n", "\t", "é", "{\"a\":1}", "[1,2]", "\"b\":", "{\"x\":[{}]}", "\0", "//",
    ];

    [Fact]
    public void It_accepts_exactly_what_the_reader_of_the_framework_accepts()
    {
        Arbitrary<string> texts = Gen.Elements(Pieces).ListOf().Select(pieces => string.Concat(pieces)).ToArbitrary();
        Prop.ForAll(texts, text => Accepts(text) == ReaderAccepts(text)).Check(Config.QuickThrowOnFailure.WithMaxTest(20_000).WithEndSize(12));
    }

    [Fact]
    public void Valid_json_with_one_byte_changed_is_judged_alike()
    {
        const string Json = """{"a":[1,-2.5e3,true,false,null,"x\"\u0041\\y",{"b":{}},[]],"c":{"d":"e\nf"}}""";
        byte[] bytes = Encoding.UTF8.GetBytes(Json);
        Assert.True(Accepts(Json));
        for (int at = 0; at < bytes.Length; at++)
        {
            foreach (byte value in "{}[],:\"\\ 0a-.e\n"u8)
            {
                byte[] changed = [.. bytes];
                changed[at] = value;
                Assert.True(Accepts(changed) == ReaderAccepts(changed), Encoding.UTF8.GetString(changed));
            }
        }
    }

    [Theory]
    [InlineData(JsonCursor.MaxDepth, true)]
    [InlineData(JsonCursor.MaxDepth + 1, false)]
    [InlineData(100_000, false)]
    public void Depth_has_a_limit(int depth, bool accepted) =>
        Assert.Equal(accepted, Accepts(string.Concat(Enumerable.Repeat("[", depth)) + string.Concat(Enumerable.Repeat("]", depth))));

    [Fact]
    public void Names_are_unescaped()
    {
        JsonCursor json = new("""{"mod\u0065l":"x"}"""u8);
        bool isFirst = true;
        Assert.True(json.Enter((byte)'{'));
        Assert.True(json.NextProperty(ref isFirst, out ReadOnlySpan<byte> name));
        Assert.True(name.SequenceEqual("model"u8));
        Assert.Equal("x", json.ReadText());
        Assert.False(json.NextProperty(ref isFirst, out _));
        Assert.True(json.IsAtEnd());
    }

    [Theory]
    [InlineData("\"\\ud800\"")]
    [InlineData("\"\\u12g4\"")]
    public void Text_that_is_no_text_fails(string json)
    {
        JsonCursor cursor = new(Encoding.UTF8.GetBytes(json));
        Assert.Null(cursor.ReadText());
        Assert.True(cursor.Failed);
    }

    private static bool Accepts(string text) => Accepts(Encoding.UTF8.GetBytes(text));

    private static bool Accepts(byte[] json)
    {
        JsonCursor cursor = new(json);
        _ = cursor.Skip();
        return cursor.IsAtEnd();
    }

    private static bool ReaderAccepts(string text) => ReaderAccepts(Encoding.UTF8.GetBytes(text));

    private static bool ReaderAccepts(byte[] json)
    {
        try
        {
            Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = JsonCursor.MaxDepth });
            while (reader.Read())
            {
                // Reading is the check.
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
