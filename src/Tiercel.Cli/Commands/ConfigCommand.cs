using System.CommandLine;

namespace Tiercel.Cli.Commands;

/// <summary><c>tiercel config</c>: what a gateway's file means, without a gateway.</summary>
internal static class ConfigCommand
{
    public static Command Create(CliEnvironment environment) => new("config", "Checks and compares configuration files of the gateway. Both print JSON with --json.")
    {
        ConfigCheckCommand.Create(environment),
        ConfigDiffCommand.Create(environment),
    };
}
