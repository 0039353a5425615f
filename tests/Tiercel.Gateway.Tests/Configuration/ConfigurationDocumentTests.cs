using System.Text.Json.Nodes;
using Tiercel.Gateway.Configuration;
using Tiercel.Testing;

namespace Tiercel.Gateway.Tests.Configuration;

public class ConfigurationDocumentTests
{
    /// <summary>With TIERCEL_WRITE_DOCS=1 the documents are written anew, and the test then holds them like any other.</summary>
    [Theory]
    [InlineData("configuration.md")]
    [InlineData("tiercel.schema.json")]
    public void The_documents_say_what_the_parser_does(string name)
    {
        string text = name.EndsWith(".md", StringComparison.Ordinal) ? ConfigurationDocument.Markdown() : ConfigurationDocument.Schema();
        string path = Path.Combine(TestFiles.RepositoryRoot, "docs", name);
        if (Environment.GetEnvironmentVariable("TIERCEL_WRITE_DOCS") == "1")
        {
            File.WriteAllText(path, text);
        }

        Assert.Equal(text, File.ReadAllText(path));
    }

    [Fact]
    public void Every_default_that_the_documents_name_is_read_as_what_is_in_force_without_it()
    {
        ConfigurationReading plain = ConfigurationText.Read(ConfigurationText.Minimal);
        foreach ((string section, JsonNode? part) in JsonNode.Parse(ConfigurationDocument.Schema())!["properties"]!.AsObject())
        {
            foreach ((string key, JsonNode? schema) in part!["properties"]?.AsObject() ?? [])
            {
                string description = schema!["description"]!.GetValue<string>();
                int start = description.LastIndexOf(" Default: ", StringComparison.Ordinal);
                if (start >= 0)
                {
                    string value = description[(start + " Default: ".Length)..^1];
                    ConfigurationReading said = ConfigurationText.Read($"{ConfigurationText.Minimal}{section}: {{ {key}: {value} }}");
                    Assert.Equal([], said.Errors);
                    Assert.Equal([], ConfigurationDiff.Between(plain, said));
                }
            }
        }
    }

    [Fact]
    public void The_schema_names_every_key_that_the_parser_has_and_no_other()
    {
        JsonObject root = JsonNode.Parse(ConfigurationDocument.Schema())!.AsObject();
        Assert.False(root["additionalProperties"]!.GetValue<bool>());
        foreach ((string key, JsonNode? _) in root["properties"]!.AsObject())
        {
            Assert.DoesNotContain("unknown key", string.Join('\n', ConfigurationText.Errors($"{key}: 1")), StringComparison.Ordinal);
        }

        Assert.Contains("unknown key 'nonsense'", string.Join('\n', ConfigurationText.Errors("nonsense: 1")), StringComparison.Ordinal);
    }
}
