using System.CommandLine;
using Tiercel.Cli.Json;
using Tiercel.Cli.ModelStore;
using Tiercel.Cli.Startup;
using Tiercel.Cli.Terminal;

namespace Tiercel.Cli.Commands;

/// <summary><c>tiercel rm</c>: removes a pulled model.</summary>
internal static class RemoveCommand
{
    public static Command Create(CliEnvironment environment)
    {
        Argument<string> model = CommonOptions.Model();
        Option<bool> json = CommonOptions.Json();
        Command command = new("rm", "Removes a model from this machine.") { model, json };
        command.SetAction(parsed => Run(environment, parsed.GetValue(model)!, parsed.GetValue(json)));
        return command;
    }

    private static int Run(CliEnvironment environment, string name, bool json)
    {
        StoredModel removed = ModelFinder.Store(environment).Remove(name);
        if (json)
        {
            CliJson.Write(environment, new RemovedModel(removed.Name, removed.Size), CliJson.Default.RemovedModel);
        }
        else
        {
            environment.Output.WriteLine(TerminalText.OneLine($"removed {removed.Name}, {ByteSize.Format(removed.Size)}"));
        }

        return ExitCodes.Success;
    }
}
