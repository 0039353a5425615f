using System.CommandLine;
using Tiercel.Cli.Json;
using Tiercel.Cli.ModelStore;
using Tiercel.Cli.Startup;
using Tiercel.Cli.Terminal;

namespace Tiercel.Cli.Commands;

/// <summary><c>tiercel list</c>: the models on this machine.</summary>
internal static class ListCommand
{
    public static Command Create(CliEnvironment environment)
    {
        Option<bool> json = CommonOptions.Json();
        Command command = new("list", "Lists the models on this machine.") { json };
        command.Aliases.Add("ls");
        command.SetAction(parsed => Run(environment, parsed.GetValue(json)));
        return command;
    }

    private static int Run(CliEnvironment environment, bool json)
    {
        List<ListedModel> models = [.. ModelFinder.Store(environment).List().Select(ListedModel.Of)];
        if (json)
        {
            CliJson.Write(environment, models, CliJson.Default.IReadOnlyListListedModel);
            return ExitCodes.Success;
        }

        DateTimeOffset now = environment.Time.GetUtcNow();
        TableWriter.Write(environment, ["NAME", "QUANT", "SIZE", "MODIFIED"], models.Select(model => (string[])
            [model.Name, model.Quantization ?? "", ByteSize.Format(model.SizeBytes), TimeAgo.Of(model.Modified, now)]));
        foreach (ListedModel model in models.Where(model => model.Problem is not null))
        {
            environment.Error.WriteLine($"tiercel: {TerminalText.OneLine($"{model.Name}: {model.Problem}")}");
        }

        return ExitCodes.Success;
    }
}
