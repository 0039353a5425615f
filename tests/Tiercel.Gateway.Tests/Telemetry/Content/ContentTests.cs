using System.Buffers;
using System.Text;
using System.Text.Json;
using Tiercel.Gateway.Telemetry.Content;
using Tiercel.Gateway.Upstreams;

namespace Tiercel.Gateway.Tests.Telemetry.Content;

/// <summary>Prompts and answers in the form that the conventions want, whatever clients and engines sent, and never more of them than the limit.</summary>
public sealed class ContentTests
{
    [Fact]
    public void Messages_become_messages_with_parts()
    {
        const string Messages = """
            [{"role":"system","content":"Be \"brief\"."},
             {"content":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}],"role":"user"},
             {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"look","arguments":"{\"at\":1}"}}]},
             {"role":"tool","tool_call_id":"c1","content":"a bird \u00e9"}]
            """;
        (string text, long cut) = PromptContent.Of(BodyKind.Chat, Encoding.UTF8.GetBytes(Messages));
        Assert.Equal(
            """
            [{"role":"system","parts":[{"type":"text","content":"Be \"brief\"."}]},{"role":"user","parts":[{"type":"text","content":"What is this?"},{"type":"image_url"}]},{"role":"assistant","parts":[{"type":"tool_call","id":"c1","name":"look","arguments":"{\"at\":1}"}]},{"role":"tool","parts":[{"type":"tool_call_response","id":"c1","response":"a bird é"}]}]
            """,
            text);

        // The picture is not there, and that is said.
        Assert.InRange(cut, 1, 100);
    }

    [Theory]
    [InlineData("\"once\"", """[{"role":"user","parts":[{"type":"text","content":"once"}]}]""", 0)]
    [InlineData("[\"a\",\"b\"]", """[{"role":"user","parts":[{"type":"text","content":"a"}]},{"role":"user","parts":[{"type":"text","content":"b"}]}]""", 0)]
    [InlineData("[11,12]", "[]", 4)]
    public void Prompts_of_text_completions_are_messages_of_the_user(string json, string expected, int cut) =>
        Assert.Equal((expected, (long)cut), PromptContent.Of(BodyKind.Completion, Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void What_is_beyond_the_limit_is_cut_between_characters_and_counted()
    {
        string prompt = new('é', 100_000);
        (string text, long cut) = PromptContent.Of(BodyKind.Chat, Encoding.UTF8.GetBytes($$"""[{"role":"user","content":"{{prompt}}"},{"role":"user","content":"behind it"}]"""));
        string kept = JsonElement.Parse(text)[0].GetProperty("parts")[0].GetProperty("content").GetString()!;
        Assert.Equal(new string('é', kept.Length), kept);
        Assert.InRange(kept.Length * 2, ContentMessages.MaxBytes - 512, ContentMessages.MaxBytes);
        Assert.True(cut >= (prompt.Length - kept.Length) * 2, $"{cut} bytes are said to be missing");
        Assert.DoesNotContain("behind it", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"role\":\"user\",\"content\":\"\"}")]
    [InlineData("{}")]
    [InlineData("{\"role\":\"assistant\",\"tool_calls\":[{},{},{},{},{},{},{},{}]}")]
    [InlineData("{\"role\":\"user\",\"content\":[{\"type\":\"x\"},{\"type\":\"x\"},{\"type\":\"x\"},{\"type\":\"x\"}]}")]
    public void Many_empty_messages_end_at_the_limit_too(string message)
    {
        string messages = "[" + string.Join(',', Enumerable.Repeat(message, 50_000)) + "]";
        (string text, long cut) = PromptContent.Of(BodyKind.Chat, Encoding.UTF8.GetBytes(messages));
        Assert.InRange(text.Length, 100, 2 * ContentMessages.MaxBytes);
        Assert.InRange(cut, 1, messages.Length);
        Assert.Equal(JsonValueKind.Array, JsonElement.Parse(text).ValueKind);
    }

    [Theory]
    [InlineData("[{\"role\":7,\"content\":{\"a\":[1]}},5,null]")]
    [InlineData("[{\"role\":\"user\",\"content\":\"half a pair \\ud800\"}]")]
    [InlineData("[{\"role\":\"user\",\"content\":[[],1,{\"type\":[]}],\"tool_calls\":{}}]")]
    [InlineData("[{\"role\":\"user\",\"content\":\"cut off")]
    public void What_makes_no_sense_is_left_out_and_the_rest_is_whole(string messages) =>
        Assert.Equal(JsonValueKind.Array, JsonElement.Parse(PromptContent.Of(BodyKind.Chat, Encoding.UTF8.GetBytes(messages)).Messages).ValueKind);

    [Fact]
    public void Chunks_of_a_stream_become_one_message_for_each_choice()
    {
        AnswerContent answer = new();
        Add(answer, """data: {"choices":[{"index":1,"delta":{"role":"assistant","content":"two "}}]}""" + "\n\n");
        Add(answer, """data: {"choices":[{"index":0,"delta":{"reasoning_content":"Hm."}}]}""" + "\n\n");
        Add(answer, """data: {"choices":[{"delta":{"content":"one"},"index":0}]}""" + "\n\n");
        Add(answer, """data: {"choices":[{"index":1,"delta":{"content":"parts"}}]}""" + "\n\n");
        Add(answer, """data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"look","arguments":"{\"at\""}}]}}]}""" + "\n\n");
        Add(answer, """data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}}]}""" + "\n\n");
        Add(answer, """data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}""" + "\n\n");
        Assert.Equal(
            ("""
            [{"role":"assistant","parts":[{"type":"reasoning","content":"Hm."},{"type":"text","content":"one"},{"type":"tool_call","id":"c1","name":"look","arguments":"{\"at\":1}"}],"finish_reason":"tool_call"},{"role":"assistant","parts":[{"type":"text","content":"two parts"}],"finish_reason":"error"}]
            """, 0L),
            answer.Finish());
    }

    [Fact]
    public void A_stream_without_end_is_held_up_to_the_limit_and_the_rest_is_counted()
    {
        AnswerContent answer = new();
        byte[] chunk = Encoding.UTF8.GetBytes("""data: {"choices":[{"index":0,"delta":{"content":"LONG"}}]}""".Replace("LONG", new string('x', 1000), StringComparison.Ordinal) + "\n\n");
        for (int i = 0; i < 200; i++)
        {
            answer.Add(new ReadOnlySequence<byte>(chunk));
        }

        (string text, long cut) = answer.Finish();
        string kept = JsonElement.Parse(text)[0].GetProperty("parts")[0].GetProperty("content").GetString()!;
        Assert.Equal(200_000, kept.Length + cut);
        Assert.InRange(kept.Length, ContentMessages.MaxBytes - 512, ContentMessages.MaxBytes);
    }

    private static void Add(AnswerContent answer, string bytes) => answer.Add(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(bytes)));
}
