using System.Text.Json;
using System.Text.Json.Nodes;
using Tiercel.Engine.Templates;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Templates;

/// <summary>Compares with @huggingface/jinja, a second independent implementation, live, where node is at hand.</summary>
public sealed class HuggingFaceJinjaTests
{
    /// <summary>
    /// Expressions on which @huggingface/jinja differs from Python, whose answer the golden file holds: it has JavaScript's numbers and UTF-16
    /// lengths, lets missing values through, and knows fewer arguments of filters.
    /// </summary>
    private const string KnownDifferences = "huggingface-differences.txt";

    [Fact]
    public async Task Templates_of_the_main_families_render_alike()
    {
        List<(string Name, string Template, string Conversation)> cases = [];
        foreach (JsonElement entry in TemplateCases.Golden.GetProperty("cases").EnumerateArray())
        {
            string template = entry.GetProperty("template").GetString()!;
            string conversation = entry.GetProperty("conversation").GetString()!;
            // The one file holds what only Python's Jinja2 does; the one conversation holds floats, which JavaScript prints as integers.
            if (template != "everything.jinja" && conversation != "parallel")
            {
                cases.Add(($"{template} {conversation}", TemplateCases.ReadTemplate(template), conversation));
            }
        }

        (HashSet<string> different, int compared) = await CompareAsync(cases);
        Assert.True(different.Count == 0, string.Join('\n', different));
        Assert.True(compared > 100, $"only {compared} prompts");
    }

    [Fact]
    public async Task Expressions_print_alike_but_for_the_known_differences()
    {
        string[] expressions = [.. File.ReadLines(TestFiles.Data("templates", "expressions.txt")).Where(line => line.Length > 0)];
        HashSet<string> known = [.. File.ReadLines(TestFiles.Data("templates", KnownDifferences)).Where(line => line.Length > 0)];
        // As JSON, because it prints lists and truth values as JavaScript does.
        (HashSet<string> different, int compared) =
            await CompareAsync([.. expressions.Select(line => (line, "{{ (" + line + ")|tojson }}", "expressions"))]);
        Assert.Equal(known.Order(StringComparer.Ordinal), different.Order(StringComparer.Ordinal));
        Assert.True(compared > 250, $"only {compared} expressions");
    }

    /// <summary>The names of the cases in which the two differ, of those for which the oracle has an answer, and how many those are.</summary>
    private static async Task<(HashSet<string> Different, int Compared)> CompareAsync(IReadOnlyList<(string Name, string Template, string Conversation)> cases)
    {
        JsonArray input = [];
        foreach ((_, string template, string conversation) in cases)
        {
            input.Add(new JsonObject { ["template"] = template, ["variables"] = Variables(TemplateCases.Conversations.GetProperty(conversation)) });
        }

        (int exitCode, string output, string errors) =
            await NodeScripts.RunAsync(["jinja.mjs"], input.ToJsonString(), new Dictionary<string, string>(), TimeSpan.FromMinutes(2));
        Assert.True(exitCode == 0, errors);
        using JsonDocument results = JsonDocument.Parse(output);
        Assert.Equal(cases.Count, results.RootElement.GetArrayLength());
        HashSet<string> different = [];
        int compared = 0;
        for (int i = 0; i < cases.Count; i++)
        {
            if (!results.RootElement[i].TryGetProperty("output", out JsonElement text))
            {
                continue;
            }

            compared++;
            if (text.GetString() != Render(cases[i].Template, TemplateCases.Conversation(cases[i].Conversation)))
            {
                different.Add(cases[i].Name);
            }
        }

        return (different, compared);
    }

    private static string? Render(string template, ChatTemplateInputs inputs)
    {
        try
        {
            return TemplateCases.Render(template, inputs);
        }
        catch (ChatTemplateException)
        {
            return null;
        }
    }

    /// <summary>The variables a template sees, as <see cref="ChatTemplate"/> itself makes them of a request.</summary>
    private static JsonObject Variables(JsonElement conversation)
    {
        JsonObject variables = new() { ["tools"] = null, ["documents"] = null, ["bos_token"] = "<s>", ["eos_token"] = "</s>", ["add_generation_prompt"] = true };
        foreach (JsonProperty property in conversation.EnumerateObject())
        {
            if (property.Name == "arguments")
            {
                foreach (JsonProperty argument in property.Value.EnumerateObject())
                {
                    variables[argument.Name] = JsonNode.Parse(argument.Value.GetRawText());
                }
            }
            else
            {
                variables[property.Name] = JsonNode.Parse(property.Value.GetRawText());
            }
        }

        foreach (JsonNode? message in variables["messages"]!.AsArray())
        {
            foreach (JsonNode? call in message!["tool_calls"]?.AsArray() ?? [])
            {
                JsonNode function = call!["function"]!;
                function["arguments"] = JsonNode.Parse(function["arguments"]!.GetValue<string>());
            }
        }

        return variables;
    }
}
