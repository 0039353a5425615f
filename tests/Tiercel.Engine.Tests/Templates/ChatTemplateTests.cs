using System.Text.Json;
using Tiercel.Engine.Formats;
using Tiercel.Engine.Templates;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Templates;

/// <summary>Errors, arguments and dates, and the template of the bundled model.</summary>
public sealed class ChatTemplateTests
{
    private static readonly ChatTemplateInputs Hello = new()
    {
        Messages = [new ChatMessage("user", "Hello")],
        Now = new DateTimeOffset(2026, 3, 7, 9, 5, 3, TimeSpan.Zero),
    };

    [Fact]
    public void An_error_of_the_template_names_its_line()
    {
        ChatTemplateException error = Assert.Throws<ChatTemplateException>(() => TemplateCases.Render("a\nb\n{% if true %}\n{{ missing.name }}{% endif %}", Hello));
        Assert.Equal("chat template, line 4: 'missing' is undefined", error.Message);
        Assert.False(error.RaisedByTemplate);
    }

    [Fact]
    public void What_the_template_raises_is_passed_on_as_it_is()
    {
        ChatTemplateException error = Assert.Throws<ChatTemplateException>(() => TemplateCases.Render("{{ raise_exception('Roles must ' ~ 'alternate') }}", Hello));
        Assert.Equal("Roles must alternate", error.Message);
        Assert.True(error.RaisedByTemplate);
    }

    [Theory]
    [InlineData("{{ 'x' | nope }}", "line 1: there is no filter 'nope'")]
    [InlineData("\n{{ 1 is nope }}", "line 2: there is no test 'nope'")]
    [InlineData("{% if 1 %}\n", "line 1: the template ends where 'endif' is missing")]
    [InlineData("{% include 'x' %}", "line 1: unknown or misplaced tag 'include'")]
    [InlineData("{{ 1 + }}", "line 1: expected an expression, found the end of the tag")]
    [InlineData("{% set x = ", "line 1: a tag is not closed")]
    [InlineData("{{ f(a=1, 2) }}", "line 1: a positional argument follows a named one")]
    public void A_template_that_is_wrong_is_refused_when_it_is_parsed(string template, string message)
    {
        Assert.Equal(message, Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template)).Message);
    }

    [Theory]
    [InlineData("{{ 'x'|trim(left=true) }}", "trim() takes no argument 'left'")]
    [InlineData("{{ 'x'.split(1) }}", "split() needs a string, not 'int'")]
    [InlineData("{{ 'x'.replace('a') }}", "replace() misses argument 'new'")]
    [InlineData("{{ 'x'.upper(1) }}", "upper() takes at most 0 argument(s), 1 given")]
    [InlineData("{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", "macro 'm' takes not more than 1 argument(s)")]
    [InlineData("{% macro m(a) %}{% endmacro %}{{ m(b=2) }}", "macro 'm' takes no keyword argument 'b'")]
    [InlineData("{% set x = 1 %}{% set x.y = 2 %}", "cannot set attribute 'y': 'x' is no namespace")]
    [InlineData("{% for a, b in [[1]] %}{% endfor %}", "2 names cannot take 1 values")]
    public void A_wrong_call_is_refused_and_nothing_is_ignored(string template, string message)
    {
        Assert.Equal("chat template, line 1: " + message, Assert.Throws<ChatTemplateException>(() => TemplateCases.Render(template, Hello)).Message);
    }

    [Fact]
    public void Arguments_are_variables_but_cannot_replace_the_conversation()
    {
        ChatTemplateInputs inputs = Hello with { Arguments = new Dictionary<string, JsonElement> { ["enable_thinking"] = JsonElement.Parse("false") } };
        Assert.Equal("False", TemplateCases.Render("{{ enable_thinking }}", inputs));
        inputs = Hello with { Arguments = new Dictionary<string, JsonElement> { ["messages"] = JsonElement.Parse("[]") } };
        Assert.Contains("'messages'", Assert.Throws<ChatTemplateException>(() => TemplateCases.Render("x", inputs)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Half_a_surrogate_pair_in_a_request_is_an_error_of_the_request()
    {
        ChatTemplateInputs inputs = Hello with { Tools = JsonElement.Parse("""["\ud800"]""") };
        Assert.True(Assert.Throws<ChatTemplateException>(() => TemplateCases.Render("{{ tools }}", inputs)).RaisedByTemplate);
    }

    [Fact]
    public void Arguments_of_a_call_that_are_no_object_stay_a_string()
    {
        ChatMessage message = new("assistant", null) { ToolCalls = JsonElement.Parse("""[{"function": {"name": "f", "arguments": "not json"}}]""") };
        Assert.Equal("not json", TemplateCases.Render("{{ messages[0].tool_calls[0].function.arguments }}", new ChatTemplateInputs { Messages = [message] }));
    }

    [Theory]
    [InlineData("%d %b %Y", "07 Mar 2026")]
    [InlineData("%Y-%m-%d", "2026-03-07")]
    [InlineData("%B %-d, %Y", "March 7, 2026")]
    [InlineData("%A %a %H:%M:%S %I %p %j %y", "Saturday Sat 09:05:03 09 AM 066 26")]
    [InlineData("%e|%%|%F|%T|%Z", " 7|%|2026-03-07|09:05:03|UTC")]
    public void Dates_are_written_as_in_C(string format, string expected)
    {
        Assert.Equal(expected, TemplateCases.Render($"{{{{ strftime_now('{format}') }}}}", Hello));
    }

    [Fact]
    public void The_bundled_model_is_prompted_as_it_was_trained()
    {
        string folder = Path.Combine(TestFiles.RepositoryRoot, "models");
        using GgufFile file = GgufFile.Open(Path.Combine(folder, "tiercel-tiny-q8_0.gguf"));
        ChatTemplate template = ChatTemplate.Parse(file.Metadata.GetString("tokenizer.chat_template")!);
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "tiercel-tiny", "golden.json")));
        int compared = 0;
        foreach (JsonElement entry in golden.RootElement.GetProperty("cases").EnumerateArray())
        {
            if (!entry.TryGetProperty("messages", out _))
            {
                continue;
            }

            Assert.Equal(entry.GetProperty("text").GetString(), TemplateCases.Text(template.Render(TemplateCases.Inputs(entry))));
            compared++;
        }

        Assert.True(compared > 20, $"only {compared} prompts");
    }

    [Fact]
    public void The_templates_of_real_models_are_those_of_their_files()
    {
        using GgufFile file = GgufFile.Open(TestFiles.Shared("models", "real", "smollm2-135m-instruct-q4_1.gguf"));
        ChatTemplate template = ChatTemplate.Parse(file.Metadata.GetString("tokenizer.chat_template")!);
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(TestFiles.Shared("models", "real", "golden.json")));
        foreach (JsonProperty conversation in golden.RootElement.GetProperty("smollm2").EnumerateObject())
        {
            Assert.Equal(conversation.Value.GetProperty("prompt").GetString(), TemplateCases.Text(template.Render(TemplateCases.Inputs(conversation.Value))));
        }
    }
}
