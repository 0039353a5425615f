using System.Text;
using System.Text.Json;
using Tiercel.Engine.Templates;

namespace Tiercel.Engine.Tests.Templates;

/// <summary>Compares with what Python's Jinja2 made of the same templates; tests/data/templates/golden.py wrote it down.</summary>
public sealed class GoldenTemplateTests
{
    [Fact]
    public void Templates_of_the_main_families_render_as_in_Python()
    {
        StringBuilder differences = new();
        int compared = 0;
        foreach (JsonElement entry in TemplateCases.Golden.GetProperty("cases").EnumerateArray())
        {
            string template = entry.GetProperty("template").GetString()!;
            string conversation = entry.GetProperty("conversation").GetString()!;
            string? expected = entry.TryGetProperty("output", out JsonElement output) ? output.GetString() : null;
            Compare(differences, $"{template} {conversation}", expected, TemplateCases.ReadTemplate(template), TemplateCases.Conversation(conversation));
            compared++;
        }

        Assert.True(differences.Length == 0, differences.ToString());
        Assert.True(compared > 100, $"only {compared} cases");
    }

    [Fact]
    public void Expressions_print_or_fail_as_in_Python()
    {
        StringBuilder differences = new();
        int compared = 0;
        ChatTemplateInputs inputs = TemplateCases.Conversation("expressions");
        foreach (JsonElement entry in TemplateCases.Golden.GetProperty("expressions").EnumerateArray())
        {
            string expression = entry.GetProperty("expression").GetString()!;
            string? expected = entry.TryGetProperty("output", out JsonElement output) ? output.GetString() : null;
            Compare(differences, expression, expected, "{{ " + expression + " }}", inputs);
            compared++;
        }

        Assert.True(differences.Length == 0, differences.ToString());
        Assert.True(compared > 400, $"only {compared} expressions");
    }

    private static void Compare(StringBuilder differences, string name, string? expected, string template, ChatTemplateInputs inputs)
    {
        string? actual;
        string error = "";
        try
        {
            actual = TemplateCases.Render(template, inputs);
        }
        catch (ChatTemplateException exception)
        {
            actual = null;
            error = exception.Message;
        }

        if (actual != expected)
        {
            differences.AppendLine($"{name}\n  expected {Show(expected)}\n  actual   {Show(actual)} {error}");
        }
    }

    private static string Show(string? text) => text is null ? "an error" : JsonSerializer.Serialize(text);
}
