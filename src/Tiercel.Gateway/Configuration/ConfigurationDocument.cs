using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using Tiercel.Gateway.Configuration.Sections;
using Tiercel.Gateway.Configuration.Shapes;

namespace Tiercel.Gateway.Configuration;

/// <summary>Writes <c>docs/configuration.md</c> and <c>docs/tiercel.schema.json</c> from the table that the parser reads by.</summary>
public static class ConfigurationDocument
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.Create(UnicodeRanges.All) };

    public static string Schema()
    {
        JsonObject schema = new()
        {
            ["$schema"] = "http://json-schema.org/draft-07/schema#",
            ["title"] = "tiercel.yaml",
            ["description"] = "Configuration of the Tiercel gateway.",
        };
        foreach ((string name, JsonNode? part) in FleetSection.Table.Schema())
        {
            schema[name] = part?.DeepClone();
        }

        return schema.ToJsonString(Indented) + "\n";
    }

    public static string Markdown()
    {
        StringBuilder text = new();
        text.Append("""
            # Configuration

            `tiercel gateway --config tiercel.yaml` reads one YAML file, 1 MiB at most. It is checked as a whole, at the start and each time it changes: everything that is wrong is said at
            once, with line and column, and a wrong file never replaces the one in force. A changed file is taken up within a few seconds, or at once after SIGHUP.
            What is marked with ⟳ is taken at the next start only.

            - `tiercel config check FILE` says what a file means, or what is wrong with it; `tiercel config diff OLD NEW` says what a reload would change.
            - An example with comments is [deploy/tiercel.example.yaml](../deploy/tiercel.example.yaml). For editors there is a [JSON schema](tiercel.schema.json): begin the file with
              `# yaml-language-server: $schema=…/tiercel.schema.json`.
            - Durations are written `500ms`, `2s`, `1m`, `1h`; sizes `64KiB`, `16MiB`, `2GiB`. Relative paths begin at the file's folder.
            - Secrets stand in the file as references: `env:NAME` or `file:PATH`. Keys of tenants may also be `sha256:HEX`. No output, log or error shows a secret. A new secret in a file that
              is referred to is noticed like a change of the configuration itself.
            - Files of TLS (certificates, keys, authorities) may be renewed in place: connections that begin some seconds later use them, those of listeners too, and nothing waits for a restart. Files
              that cannot be read, or do not belong together, leave those before in force, and the gateway says so. Only other paths of a listener wait for the next start.
            - Unknown keys are errors, and so is a key given twice. Anchors and aliases work; tags, merge keys and several documents do not.

            This page is written from the code by its test.

            """);
        HashSet<ISection> seen = [];
        foreach ((string path, ISection section) in FleetSection.Table.Sections())
        {
            if (seen.Add(section))
            {
                Append(text, path.TrimStart('.'), section);
            }
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, string path, ISection section)
    {
        text.Append('\n').Append(path.Length == 0 ? "## The file" : $"## `{path}`").Append("\n\n").Append(section.Meaning).Append("\n\n");
        text.Append("| key | what it is | default | meaning |\n|---|---|---|---|\n");
        foreach (Key key in section.Keys)
        {
            string fallback = key.IsRequired ? "needed" : key.DefaultText is string value ? $"`{value}`" : "";
            text.Append($"| `{key.Name}`{(key.NeedsRestart ? " ⟳" : "")} | {(key.AnyShape is ISection ? "group of keys" : key.AnyShape.Title)}{Range(key.AnyShape.Schema())} | {fallback} | {key.Meaning} |\n");
        }
    }

    private static string Range(JsonObject schema) =>
        schema["minimum"] is JsonNode min && schema["maximum"] is JsonNode max ? $", {min.ToJsonString()} to {max.ToJsonString()}" : "";
}
