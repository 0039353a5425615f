using System.Text;
using System.Text.Json;
using Tiercel.Gateway.Upstreams;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Tests.Upstreams;

public sealed class BodyScannerTests
{
    [Fact]
    public void What_is_routed_on_is_found_where_it_stands()
    {
        const string Json = """
            { "model" : "m\u0041", "messages" : [ {"role":"user","content":"say \"model\": \"x\""} ], "temperature":0.5, "stream":true,
              "stream_options":{"include_usage":true,"x":1}, "max_tokens":100, "max_completion_tokens":50, "n":3, "seed":7, "user":"u", "tools":[{"a":{}}], "unknown":{"model":"z"} }
            """;
        ScannedBody body = Scan(Json);
        Assert.Equal(("mA", true, true, 50, 3, true, "u"), (body.Model, body.Stream, body.IncludeUsage, body.MaxTokens, body.Choices, body.HasSeed, body.User));
        Assert.Equal("\"m\\u0041\"", Part(Json, body.ModelValue));
        Assert.Equal("true", Part(Json, body.IncludeUsageValue));
        Assert.Equal("""{"include_usage":true,"x":1}""", Part(Json, body.StreamOptionsValue));
        Assert.Equal("""[ {"role":"user","content":"say \"model\": \"x\""} ]""", Part(Json, body.Prompt));
        Assert.Equal("""[{"a":{}}]""", Part(Json, body.Tools));
    }

    [Fact]
    public void What_is_missing_or_null_is_as_if_not_there()
    {
        ScannedBody body = Scan("""{"messages":[],"stream":null,"stream_options":null,"max_tokens":null,"n":null,"seed":null,"user":null,"tools":null}""");
        Assert.Equal((null, false, false, null, 1, false, null), (body.Model, body.Stream, body.IncludeUsage, body.MaxTokens, body.Choices, body.HasSeed, body.User));
        Assert.True(body.ModelValue.IsEmpty && body.IncludeUsageValue.IsEmpty);
    }

    [Theory]
    [InlineData("\"a\"", 1)]
    [InlineData("[1,2,3]", 1)]
    [InlineData("[\"a\",\"b\"]", 2)]
    [InlineData("[[1],[2],[3,4]]", 3)]
    public void Prompts_are_counted(string prompt, int prompts) =>
        Assert.Equal(prompts, Scan($$"""{"prompt":{{prompt}}}""", BodyKind.Completion).Prompts);

    [Theory]
    [InlineData("""{"messages":[],"model":"a","model":"b"}""", "duplicate_parameter", "model")]
    [InlineData("""{"messages":[],"model":"a","mod\u0065l":"b"}""", "duplicate_parameter", "model")]
    [InlineData("""{"messages":[],"messages":[]}""", "duplicate_parameter", "messages")]
    [InlineData("""{"messages":[],"stream_options":{"include_usage":true,"include_usage":false}}""", "duplicate_parameter", "stream_options.include_usage")]
    [InlineData("""{"model":"a"}""", "missing_required_parameter", "messages")]
    [InlineData("""{"messages":"x"}""", "invalid_type", "messages")]
    [InlineData("""{"messages":[],"model":7}""", "invalid_type", "model")]
    [InlineData("""{"messages":[],"model":""}""", "invalid_value", "model")]
    [InlineData("""{"messages":[],"stream":"true"}""", "invalid_type", "stream")]
    [InlineData("""{"messages":[],"stream":1}""", "invalid_type", "stream")]
    [InlineData("""{"messages":[],"stream_options":[]}""", "invalid_type", "stream_options")]
    [InlineData("""{"messages":[],"n":1.5}""", "invalid_type", "n")]
    [InlineData("""{"messages":[],"n":0}""", "invalid_value", "n")]
    [InlineData("""{"messages":[],"n":1000000}""", "invalid_value", "n")]
    [InlineData("""{"messages":[],"max_tokens":-1}""", "invalid_value", "max_tokens")]
    [InlineData("""{"messages":[],"max_tokens":9223372036854775808}""", "invalid_value", "max_tokens")]
    [InlineData("""{"messages":[],"max_completion_tokens":1e3}""", "invalid_type", "max_completion_tokens")]
    [InlineData("""{"messages":[],"user":{}}""", "invalid_type", "user")]
    [InlineData("""{"messages":[],"tools":"x"}""", "invalid_type", "tools")]
    [InlineData("""{"messages":[],"model":"\ud800"}""", "invalid_json", null)]
    [InlineData("""{"messages":[]""", "invalid_json", null)]
    [InlineData("""{"messages":[]} {}""", "invalid_json", null)]
    [InlineData("""{"messages":[],}""", "invalid_json", null)]
    [InlineData("""{"messages":[1 2]}""", "invalid_json", null)]
    [InlineData("""[]""", "invalid_json", null)]
    [InlineData("", "invalid_json", null)]
    public void What_is_wrong_is_named(string json, string code, string? parameter)
    {
        Assert.False(BodyScanner.TryScan(Encoding.UTF8.GetBytes(json), BodyKind.Chat, out _, out ApiError? error));
        Assert.Equal((400, code, parameter), (error!.Status, error.Code, error.Parameter));
    }

    [Fact]
    public void The_place_of_bad_json_is_told()
    {
        Assert.False(BodyScanner.TryScan("{\n \"messages\": [}"u8, BodyKind.Chat, out _, out ApiError? error));
        Assert.Contains("line 2, byte 15", error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_that_is_nested_too_deep_is_refused_with_that_reason()
    {
        string deep = $$"""{"messages":{{new string('[', 300)}}{{new string(']', 300)}}}""";
        Assert.False(BodyScanner.TryScan(Encoding.UTF8.GetBytes(deep), BodyKind.Chat, out _, out ApiError? error));
        Assert.Contains("nested more than 256 deep", error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"model":"a","messages":[],"stream":true}""", """{"stream_options":{"include_usage":true},"model":"big/\u0022x","messages":[],"stream":true}""")]
    [InlineData("""{"stream":true,"stream_options":{},"model":"a","messages":[]}""", """{"stream":true,"stream_options":{"include_usage":true},"model":"big/\u0022x","messages":[]}""")]
    [InlineData("""{"stream":true,"stream_options": null ,"model":"a","messages":[]}""", """{"stream":true,"stream_options": {"include_usage":true} ,"model":"big/\u0022x","messages":[]}""")]
    [InlineData("""{"model":"a","messages":[],"stream":true,"stream_options":{ "y":1}}""", """{"model":"big/\u0022x","messages":[],"stream":true,"stream_options":{"include_usage":true, "y":1}}""")]
    [InlineData("""{"model":"a","messages":[],"stream":true,"stream_options":{"include_usage":false}}""", """{"model":"big/\u0022x","messages":[],"stream":true,"stream_options":{"include_usage":true}}""")]
    [InlineData("""{"model":"a","messages":[],"stream":true,"stream_options":{"include_usage":true}}""", """{"model":"big/\u0022x","messages":[],"stream":true,"stream_options":{"include_usage":true}}""")]
    [InlineData("""{"model":"a","messages":[]}""", """{"model":"big/\u0022x","messages":[]}""")]
    public void Splices_change_these_two_fields_and_nothing_else(string before, string after)
    {
        byte[] body = Encoding.UTF8.GetBytes(before);
        IReadOnlyList<ReadOnlyMemory<byte>> pieces = BodySplices.Apply(body, Scan(before), "big/\"x", forceUsage: true);
        string spliced = string.Concat(pieces.Select(piece => Encoding.UTF8.GetString(piece.Span)));
        Assert.Equal(after, spliced);
        Assert.Equal("big/\"x", JsonElement.Parse(spliced).GetProperty("model").GetString());
    }

    [Fact]
    public void Without_a_reason_the_body_is_one_piece_of_the_original()
    {
        const string Json = """{"model":"a","messages":[],"stream":true}""";
        byte[] body = Encoding.UTF8.GetBytes(Json);
        Assert.Equal(body, Assert.Single(BodySplices.Apply(body, Scan(Json), "a", forceUsage: false)));
    }

    private static ScannedBody Scan(string json, BodyKind kind = BodyKind.Chat)
    {
        Assert.True(BodyScanner.TryScan(Encoding.UTF8.GetBytes(json), kind, out ScannedBody? body, out ApiError? error), error?.Message);
        return body;
    }

    private static string Part(string json, ByteRange range) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(json).AsSpan(range.Start, range.Length));
}
