using System.Globalization;
using System.Text;
using Tiercel.Protocols.Errors;
using Tiercel.Protocols.OpenAI;
using Tiercel.Protocols.Reading;

namespace Tiercel.Protocols.Tests.Reading;

public sealed class ParameterTests
{
    private const string Messages = "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";

    /// <summary>Values that change nothing, most of them sent by real clients with every request.</summary>
    [Theory]
    [InlineData("\"user\":\"u\"")]
    [InlineData("\"metadata\":{\"a\":\"b\"}")]
    [InlineData("\"store\":false")]
    [InlineData("\"service_tier\":\"auto\"")]
    [InlineData("\"service_tier\":\"default\"")]
    [InlineData("\"parallel_tool_calls\":true")]
    [InlineData("\"n\":1")]
    [InlineData("\"response_format\":{\"type\":\"text\"}")]
    [InlineData("\"tool_choice\":\"auto\"")]
    [InlineData("\"tool_choice\":\"none\"")]
    [InlineData("\"tools\":[]")]
    [InlineData("\"functions\":[]")]
    [InlineData("\"modalities\":[\"text\"]")]
    [InlineData("\"prompt_cache_key\":\"k\"")]
    [InlineData("\"safety_identifier\":\"s\"")]
    [InlineData("\"verbosity\":\"medium\"")]
    [InlineData("\"stop\":[]")]
    [InlineData("\"logit_bias\":{}")]
    [InlineData("\"logprobs\":false")]
    [InlineData("\"audio\":null,\"tools\":null,\"temperature\":null,\"seed\":null,\"stop\":null,\"stream_options\":null,\"n\":null,\"web_search_options\":null")]
    [InlineData("\"a_parameter_of_tomorrow\":null")]
    [InlineData("\"stream\":true,\"stream_options\":{\"include_usage\":true,\"a_parameter_of_tomorrow\":null}")]
    public void What_changes_nothing_is_accepted(string field)
    {
        Assert.True(RequestBodies.TryReadChat(Encoding.UTF8.GetBytes($"{{{Messages},{field}}}"), out _, out ApiError? error), error?.Message);
    }

    [Theory]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]", "tools")]
    [InlineData("\"tool_choice\":\"required\"", "tool_choice")]
    [InlineData("\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}}", "tool_choice")]
    [InlineData("\"functions\":[{\"name\":\"f\"}]", "functions")]
    [InlineData("\"response_format\":{\"type\":\"json_object\"}", "response_format.type")]
    [InlineData("\"response_format\":{\"json_schema\":{},\"type\":\"json_schema\"}", "response_format.json_schema")]
    [InlineData("\"modalities\":[\"text\",\"audio\"]", "modalities")]
    [InlineData("\"audio\":{\"voice\":\"v\"}", "audio")]
    [InlineData("\"store\":true", "store")]
    [InlineData("\"service_tier\":\"flex\"", "service_tier")]
    [InlineData("\"verbosity\":\"low\"", "verbosity")]
    [InlineData("\"web_search_options\":{}", "web_search_options")]
    [InlineData("\"chat_template\":\"x\"", "chat_template")]
    [InlineData("\"chat_template_kwargs\":{\"messages\":[]}", "chat_template_kwargs.messages")]
    [InlineData("\"structured_outputs\":{}", "structured_outputs")]
    [InlineData("\"temprature\":1", "temprature")]
    [InlineData("\"best_of\":1", "best_of")]
    [InlineData("\"a_parameter_of_tomorrow\":false", "a_parameter_of_tomorrow")]
    [InlineData("\"a_parameter_of_tomorrow\":[null]", "a_parameter_of_tomorrow")]
    [InlineData("\"stream_options\":{\"include_usage\":true}", "stream_options")]
    [InlineData("\"stream\":true,\"stream_options\":{\"usage\":true}", "stream_options.usage")]
    [InlineData("\"top_logprobs\":2", "top_logprobs")]
    [InlineData("\"logprobs\":true,\"top_logprobs\":21", "top_logprobs")]
    [InlineData("\"max_tokens\":3,\"max_completion_tokens\":4", "max_tokens")]
    [InlineData("\"max_tokens\":3,\"min_tokens\":4", "min_tokens")]
    [InlineData("\"max_tokens\":0", "max_tokens")]
    [InlineData("\"max_tokens\":-1", "max_tokens")]
    [InlineData("\"max_tokens\":9223372036854775808", "max_tokens")]
    [InlineData("\"max_tokens\":1.5", "max_tokens")]
    [InlineData("\"max_tokens\":\"5\"", "max_tokens")]
    [InlineData("\"n\":0", "n")]
    [InlineData("\"n\":1000000", "n")]
    [InlineData("\"temperature\":-0.1", "temperature")]
    [InlineData("\"temperature\":2.1", "temperature")]
    [InlineData("\"temperature\":1e999", "temperature")]
    [InlineData("\"temperature\":true", "temperature")]
    [InlineData("\"temperature\":\"NaN\"", "temperature")]
    [InlineData("\"top_p\":1.01", "top_p")]
    [InlineData("\"typical_p\":0", "typical_p")]
    [InlineData("\"repetition_penalty\":0", "repetition_penalty")]
    [InlineData("\"presence_penalty\":3", "presence_penalty")]
    [InlineData("\"seed\":18446744073709551615", "seed")]
    [InlineData("\"seed\":1.5", "seed")]
    [InlineData("\"stop\":\"\"", "stop")]
    [InlineData("\"stop\":[\"a\",1]", "stop[1]")]
    [InlineData("\"stop\":7", "stop")]
    [InlineData("\"logit_bias\":{\"a\":1}", "logit_bias")]
    [InlineData("\"logit_bias\":{\"-1\":1}", "logit_bias")]
    [InlineData("\"logit_bias\":{\"1\":101}", "logit_bias.1")]
    [InlineData("\"logit_bias\":{\"1\":1,\"1\":2}", "logit_bias.1")]
    [InlineData("\"logit_bias\":[1]", "logit_bias")]
    [InlineData("\"stream\":1", "stream")]
    [InlineData("\"n\":1,\"n\":1", "n")]
    [InlineData("\"n\":1,\"\\u006e\":2", "n")]
    [InlineData("\"chat_template_kwargs\":{\"a\":1,\"a\":2}", "chat_template_kwargs")]
    [InlineData("\"user\":7", "user")]
    [InlineData("\"metadata\":\"m\"", "metadata")]
    public void What_would_change_the_answer_or_is_wrong_is_named(string field, string parameter)
    {
        Assert.False(RequestBodies.TryReadChat(Encoding.UTF8.GetBytes($"{{{Messages},{field}}}"), out _, out ApiError? error));
        Assert.Equal(400, error.Status);
        Assert.Equal(parameter, error.Parameter);
        Assert.Contains(parameter, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]", "messages")]
    [InlineData("\"Hi\"", "messages")]
    [InlineData("[7]", "messages[0]")]
    [InlineData("[{\"content\":\"a\"}]", "messages[0].role")]
    [InlineData("[{\"role\":\"user\"}]", "messages[0].content")]
    [InlineData("[{\"role\":\"user\",\"content\":null}]", "messages[0].content")]
    [InlineData("[{\"role\":\"assistant\",\"content\":null}]", "messages[0].content")]
    [InlineData("[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"bot\",\"content\":\"a\"}]", "messages[1].role")]
    [InlineData("[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"u\"}}]}]", "messages[0].content[0].type")]
    [InlineData("[{\"role\":\"user\",\"content\":[{\"image_url\":{\"url\":\"u\"},\"type\":\"image_url\"}]}]", "messages[0].content[0].image_url")]
    [InlineData("[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}]", "messages[0].content[0].text")]
    [InlineData("[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"text\":\"b\"}]}]", "messages[0].content[1].type")]
    [InlineData("[{\"role\":\"user\",\"content\":\"a\",\"weight\":1}]", "messages[0].weight")]
    [InlineData("[{\"role\":\"user\",\"content\":\"\\ud800\"}]", "messages[0].content")]
    [InlineData("[{\"role\":\"user\",\"content\":\"\\udc00a\"}]", "messages[0].content")]
    [InlineData("[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\"}]}]", "messages[0].tool_calls")]
    public void Messages_that_are_not_text_in_a_conversation_are_named(string messages, string parameter)
    {
        Assert.False(RequestBodies.TryReadChat(Encoding.UTF8.GetBytes($"{{\"messages\":{messages}}}"), out _, out ApiError? error));
        Assert.Equal(400, error.Status);
        Assert.Equal(parameter, error.Parameter);
    }

    [Fact]
    public void An_answer_can_be_sent_back_as_it_was_received()
    {
        const string Json = """
            {"messages":[{"role":"user","content":"a"},
             {"role":"assistant","content":"b","refusal":null,"annotations":[],"audio":null,"function_call":null,"tool_calls":[],"reasoning_content":"r"},
             {"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
             {"role":"tool","tool_call_id":"c","content":"d"}]}
            """;
        Assert.True(RequestBodies.TryReadChat(Encoding.UTF8.GetBytes(Json), out ChatCompletionBody? body, out ApiError? error), error?.Message);
        Assert.Equal(["user", "assistant", "assistant", "tool"], body.Messages.Select(message => message.Role));
        Assert.Null(body.Messages[1].ToolCalls);
        Assert.Equal("r", body.Messages[1].ReasoningContent);
        Assert.Equal(1, body.Messages[2].ToolCalls!.Value.GetArrayLength());
        Assert.Equal("c", body.Messages[3].ToolCallId);
    }

    [Theory]
    [InlineData("{\"prompt\":\"a\",\"suffix\":\"b\"}", "suffix")]
    [InlineData("{\"prompt\":\"a\",\"best_of\":2}", "best_of")]
    [InlineData("{\"prompt\":\"a\",\"max_tokens\":0}", "max_tokens")]
    [InlineData("{\"prompt\":\"a\",\"logprobs\":21}", "logprobs")]
    [InlineData("{\"prompt\":\"a\",\"logprobs\":true}", "logprobs")]
    [InlineData("{\"prompt\":[]}", "prompt")]
    [InlineData("{\"prompt\":7}", "prompt")]
    [InlineData("{\"prompt\":[true]}", "prompt")]
    [InlineData("{\"prompt\":[1,\"a\"]}", "prompt[1]")]
    [InlineData("{\"prompt\":[\"a\",1]}", "prompt[1]")]
    [InlineData("{\"prompt\":[[1],[-1]]}", "prompt[1][0]")]
    [InlineData("{\"prompt\":[1.5]}", "prompt[0]")]
    [InlineData("{\"max_tokens\":5}", "prompt")]
    [InlineData("{\"prompt\":\"a\",\"messages\":[]}", "messages")]
    [InlineData("{\"prompt\":\"a\",\"echo\":true,\"logprobs\":1,\"stream\":true,\"n\":2}", "echo")]
    [InlineData("[]", "body")]
    [InlineData("\"a\"", "body")]
    public void What_a_text_completion_cannot_do_is_named(string json, string parameter)
    {
        Assert.False(RequestBodies.TryReadCompletion(Encoding.UTF8.GetBytes(json), out _, out ApiError? error));
        Assert.Equal(400, error.Status);
        Assert.Equal(parameter, error.Parameter);
    }

    [Fact]
    public void Best_of_that_asks_for_no_more_than_n_changes_nothing()
    {
        Assert.True(RequestBodies.TryReadCompletion("""{"prompt":"a","best_of":2,"n":2}"""u8, out _, out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"prompt\":\"a\"")]
    [InlineData("{\"prompt\":\"a\"} x")]
    [InlineData("{\"prompt\":\"a\"}{}")]
    [InlineData("{\"prompt\":\"a\",}")]
    [InlineData("{\"prompt\":NaN}")]
    [InlineData("{'prompt':'a'}")]
    [InlineData("{\"prompt\":\"a\"/**/}")]
    [InlineData("{\"temperature\":Infinity}")]
    public void What_is_not_json_is_said_to_be_so(string json)
    {
        Assert.False(RequestBodies.TryReadCompletion(Encoding.UTF8.GetBytes(json), out _, out ApiError? error));
        Assert.Equal("invalid_json", error.Code);
    }

    [Fact]
    public void Broken_utf8_is_not_json()
    {
        Assert.False(RequestBodies.TryReadCompletion("{\"prompt\":\"\u00ff\"}"u8.ToArray().Select(b => b == 0xC3 ? (byte)0xFF : b).ToArray(), out _, out ApiError? error));
        Assert.Equal("invalid_json", error.Code);
    }

    [Fact]
    public void Depth_is_bounded()
    {
        string deep = string.Concat(Enumerable.Repeat("[", 10_000));
        Assert.False(RequestBodies.TryReadChat(Encoding.UTF8.GetBytes($"{{\"metadata\":{{\"a\":{deep}"), out _, out ApiError? error));
        Assert.Equal("invalid_json", error.Code);
    }

    [Fact]
    public void Counts_are_bounded()
    {
        string stops = string.Join(',', Enumerable.Repeat("\"a\"", 1000));
        Assert.False(RequestBodies.TryReadCompletion(Encoding.UTF8.GetBytes($"{{\"prompt\":\"a\",\"stop\":[{stops}]}}"), out _, out ApiError? error));
        Assert.Equal("stop[16]", error.Parameter);
        string biases = string.Join(',', Enumerable.Range(0, 1025).Select(i => $"\"{i.ToString(CultureInfo.InvariantCulture)}\":1"));
        Assert.False(RequestBodies.TryReadCompletion(Encoding.UTF8.GetBytes($"{{\"prompt\":\"a\",\"logit_bias\":{{{biases}}}}}"), out _, out error));
        Assert.Equal("logit_bias.1024", error.Parameter);
    }

    [Fact]
    public void Names_from_hostile_bodies_are_cut_and_harmless()
    {
        string name = "\\u001b[31m" + new string('x', 1000);
        Assert.False(RequestBodies.TryReadCompletion(Encoding.UTF8.GetBytes($"{{\"{name}\":1}}"), out _, out ApiError? error));
        Assert.Equal("unknown_parameter", error.Code);
        Assert.True(error.Message.Length < 300);
        Assert.DoesNotContain(error.Message, char.IsControl);
    }

    [Fact]
    public void Every_parameter_of_the_published_table_has_one_row_and_a_summary()
    {
        Assert.All(ApiParameters.All, row => Assert.NotEqual("", row.Summary));
        Assert.Equal(ApiParameters.All.Count, ApiParameters.All.Select(row => (row.Endpoint, row.Name)).Distinct().Count());
    }

    /// <summary>The parameters of the API, as its reference lists them: each is in the table, whatever becomes of it.</summary>
    [Fact]
    public void No_parameter_of_the_api_is_unknown()
    {
        string[] chat =
        [
            "messages", "model", "audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs", "max_completion_tokens",
            "max_tokens", "metadata", "modalities", "n", "parallel_tool_calls", "prediction", "presence_penalty", "prompt_cache_key",
            "prompt_cache_retention", "reasoning_effort", "response_format", "safety_identifier", "seed", "service_tier", "stop", "store", "stream",
            "stream_options", "temperature", "tool_choice", "tools", "top_logprobs", "top_p", "user", "verbosity", "web_search_options",
        ];
        string[] completions =
        [
            "model", "prompt", "best_of", "echo", "frequency_penalty", "logit_bias", "logprobs", "max_tokens", "n", "presence_penalty", "seed",
            "stop", "stream", "stream_options", "suffix", "temperature", "top_p", "user",
        ];
        string[] embeddings = ["input", "model", "dimensions", "encoding_format", "user"];
        AssertListed("/v1/chat/completions", chat);
        AssertListed("/v1/completions", completions);
        AssertListed("/v1/embeddings", embeddings);

        static void AssertListed(string endpoint, string[] names) =>
            Assert.Empty(names.Except(ApiParameters.All.Where(row => row.Endpoint == endpoint).Select(row => row.Name)));
    }
}
