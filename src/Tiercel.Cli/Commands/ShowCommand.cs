using System.Collections;
using System.CommandLine;
using System.Globalization;
using Tiercel.Cli.Json;
using Tiercel.Cli.ModelStore;
using Tiercel.Cli.Startup;
using Tiercel.Cli.Terminal;
using Tiercel.Engine.Formats;

namespace Tiercel.Cli.Commands;

/// <summary><c>tiercel show</c>: what a model file says of itself. The weights are not loaded.</summary>
internal static class ShowCommand
{
    /// <summary>Longest value that the table shows.</summary>
    private const int ShownCharacters = 120;

    public static Command Create(CliEnvironment environment)
    {
        Argument<string> model = CommonOptions.Model();
        Option<bool> metadata = new("--metadata", "-v") { Description = "All metadata of the file." };
        Option<bool> template = new("--template") { Description = "Only the chat template; with --json as a JSON string." };
        Option<bool> json = CommonOptions.Json();
        Command command = new("show", "Shows what a model is.") { model, metadata, template, json };
        command.SetAction(parsed => Run(
            environment, parsed.GetValue(model)!, parsed.GetValue(metadata), parsed.GetValue(template), parsed.GetValue(json)));
        return command;
    }

    private static int Run(CliEnvironment environment, string name, bool metadata, bool template, bool json)
    {
        StoredModel stored = ModelFinder.Find(environment, name);
        using GgufFile file = GgufFile.Open(stored.Path);
        if (template)
        {
            string source = file.Metadata.GetString("tokenizer.chat_template") ?? throw new UserErrorException($"{stored.Name} has no chat template");
            if (json)
            {
                CliJson.Write(environment, source, CliJson.Default.String);
            }
            else
            {
                environment.Output.WriteLine(environment.ForOutput(source));
            }

            return ExitCodes.Success;
        }

        ShownModel shown = Describe(stored, file, metadata);
        if (json)
        {
            CliJson.Write(environment, shown, CliJson.Default.ShownModel);
        }
        else
        {
            TableWriter.Write(environment, ["model", TerminalText.OneLine(shown.Name)], Rows(shown));
        }

        return ExitCodes.Success;
    }

    private static ShownModel Describe(StoredModel stored, GgufFile file, bool metadata)
    {
        GgufMetadata values = file.Metadata;
        string architecture = values.GetString("general.architecture") ?? "unknown";
        return new ShownModel
        {
            Name = stored.Name,
            Path = file.Path,
            SizeBytes = file.ByteCount,
            Architecture = architecture,
            Title = values.GetString("general.name"),
            Parameters = file.Tensors.Values.Sum(tensor => tensor.Columns * tensor.Rows),
            Quantization = file.Tensors.Values
                .GroupBy(tensor => tensor.Type)
                .OrderByDescending(group => group.Sum(tensor => tensor.ByteCount))
                .Select(group => group.Key.ToString())
                .FirstOrDefault("none"),
            ContextLength = values.GetInteger($"{architecture}.context_length"),
            EmbeddingLength = values.GetInteger($"{architecture}.embedding_length"),
            BlockCount = values.GetInteger($"{architecture}.block_count"),
            VocabularySize = values.GetStrings("tokenizer.ggml.tokens")?.Count,
            License = values.GetString("general.license"),
            HasChatTemplate = values.GetString("tokenizer.chat_template") is not null,
            Tensors = file.Tensors.Values
                .GroupBy(tensor => tensor.Type.ToString())
                .OrderBy(group => group.Key, StringComparer.Ordinal)
                .ToDictionary(group => group.Key, group => group.Count()),
            Metadata = metadata ? values.Keys.Order(StringComparer.Ordinal).ToDictionary(key => key, key => TextOf(values[key])) : null,
        };
    }

    private static IEnumerable<IReadOnlyList<string>> Rows(ShownModel model)
    {
        yield return ["file", model.Path];
        yield return ["size", ByteSize.Format(model.SizeBytes)];
        yield return ["architecture", model.Architecture];
        yield return ["parameters", model.Parameters.ToString("N0", CultureInfo.InvariantCulture)];
        yield return ["quantization", $"{model.Quantization} ({string.Join(", ", model.Tensors.Select(t => $"{t.Value} tensors {t.Key}"))})"];
        yield return ["context", $"{Number(model.ContextLength)} tokens"];
        yield return ["embedding", Number(model.EmbeddingLength)];
        yield return ["blocks", Number(model.BlockCount)];
        yield return ["vocabulary", Number(model.VocabularySize)];
        yield return ["chat template", model.HasChatTemplate ? "yes" : "no"];
        yield return ["title", model.Title ?? "not said"];
        yield return ["license", model.License ?? "not said"];
        foreach ((string key, string value) in model.Metadata ?? new Dictionary<string, string>())
        {
            yield return [key, value.Length > ShownCharacters ? $"{value.AsSpan(0, ShownCharacters)}…" : value];
        }
    }

    private static string Number(long? value) => value?.ToString("N0", CultureInfo.InvariantCulture) ?? "not said";

    private static string TextOf(object? value) => value switch
    {
        string text => text,
        GgufTexts texts => FormattableString.Invariant($"[{texts.Count} values]"),
        ICollection list => FormattableString.Invariant($"[{list.Count} values]"),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };
}
