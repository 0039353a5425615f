using System.CommandLine;
using Tiercel.Cli.Json;
using Tiercel.Cli.Terminal;
using Tiercel.Gateway.Configuration;

namespace Tiercel.Cli.Commands;

/// <summary><c>tiercel config diff</c>: what is different between two files in what they mean. No secret is looked up.</summary>
internal static class ConfigDiffCommand
{
    public static Command Create(CliEnvironment environment)
    {
        Argument<string> old = new("OLD") { Description = "The file in force." };
        Argument<string> @new = new("NEW") { Description = "The file to come." };
        Option<bool> json = CommonOptions.Json();
        Command command = new("diff", "Says what a reload with another file would change, and what it would leave for the next start.") { old, @new, json };
        command.SetAction(parsed => Run(environment, parsed.GetValue(old)!, parsed.GetValue(@new)!, parsed.GetValue(json)));
        return command;
    }

    private static int Run(CliEnvironment environment, string old, string @new, bool json)
    {
        ConfigurationReading before = ConfigurationFile.Read(old, ReferenceResolver.None);
        ConfigurationReading after = ConfigurationFile.Read(@new, ReferenceResolver.None);
        ConfigurationError[] errors = [.. before.Errors, .. after.Errors];
        if (errors.Length > 0)
        {
            throw new ConfigurationInvalidException(errors);
        }

        IReadOnlyList<ConfigurationChange> changes = ConfigurationDiff.Between(before, after);
        bool needsRestart = changes.Any(change => change.NeedsRestart);
        if (json)
        {
            ComparedConfigurations compared = new(old, @new, needsRestart, [.. changes.Select(Describe)]);
            CliJson.Write(environment, compared, CliJson.Default.ComparedConfigurations);
            return ExitCodes.Success;
        }

        foreach (ConfigurationChange change in changes)
        {
            environment.Output.WriteLine(TerminalText.OneLine(Line(change)));
        }

        environment.Output.WriteLine(
            changes.Count == 0 ? "No difference in what they mean."
            : needsRestart ? "A reload takes up all but what is marked (restart)."
            : "A reload takes up all of it, without a restart.");
        return ExitCodes.Success;
    }

    private static ConfigurationDifference Describe(ConfigurationChange change) =>
        new(change.Path, change.Old is null ? "added" : change.New is null ? "removed" : "changed", change.Old, change.New, change.NeedsRestart);

    private static string Line(ConfigurationChange change)
    {
        string mark = change.NeedsRestart ? " (restart)" : "";
        return (change.Old, change.New) switch
        {
            (null, _) => $"+ {change.Path}: {change.New}{mark}",
            (_, null) => $"- {change.Path}: {change.Old}{mark}",
            _ => $"~ {change.Path}: {change.Old} -> {change.New}{mark}",
        };
    }
}
