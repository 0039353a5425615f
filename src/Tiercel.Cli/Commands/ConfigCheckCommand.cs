using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Tiercel.Cli.Json;
using Tiercel.Cli.Terminal;
using Tiercel.Gateway.Configuration;

namespace Tiercel.Cli.Commands;

/// <summary><c>tiercel config check</c>: everything that is wrong with a file, or what was understood.</summary>
internal static class ConfigCheckCommand
{
    public static Command Create(CliEnvironment environment)
    {
        Argument<string> file = new("FILE") { Description = "The configuration file." };
        Option<bool> noSecrets = new("--no-secrets") { Description = "Do not look up secrets, certificates and keys; for machines that do not have them." };
        Option<bool> json = CommonOptions.Json();
        Command command = new("check", "Says what a configuration file means, or everything that is wrong with it.") { file, noSecrets, json };
        command.SetAction(parsed => Run(environment, parsed.GetValue(file)!, parsed.GetValue(noSecrets), parsed.GetValue(json)));
        return command;
    }

    private static int Run(CliEnvironment environment, string file, bool noSecrets, bool json)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(file)) ?? ".";
        ConfigurationReading reading = ConfigurationFile.Read(file, noSecrets ? ReferenceResolver.None : new ReferenceResolver(environment.Variable, folder));
        if (json)
        {
            CliJson.Write(environment, Describe(file, reading), CliJson.Default.CheckedConfiguration);
        }

        foreach (ConfigurationError note in reading.Notes)
        {
            environment.Error.WriteLine(TerminalText.OneLine($"note: {note}"));
        }

        if (reading.WantsEngine is ConfigurationError engine)
        {
            ConfigurationError note = engine with { Reason = "is the engine of the process: for tiercel serve --config; tiercel gateway has none and refuses the file" };
            environment.Error.WriteLine(TerminalText.OneLine($"note: {note}"));
        }

        FleetConfiguration configuration = reading.Require();
        if (!json)
        {
            Print(environment, file, configuration);
        }

        return ExitCodes.Success;
    }

    private static CheckedConfiguration Describe(string file, ConfigurationReading reading) => new()
    {
        File = file,
        Valid = reading.Configuration is not null,
        Version = reading.Configuration?.Version,
        Errors = Problems(reading.Errors),
        Notes = Problems(reading.Notes),
        Values = reading.Values.Where(entry => !entry.Value.IsEntry).ToDictionary(entry => entry.Key, entry => entry.Value.Text),
    };

    private static ConfigurationProblem[] Problems(IReadOnlyList<ConfigurationError> errors) =>
        [.. errors.Select(error => new ConfigurationProblem(error.Line, error.Column, error.Path, error.Reason))];

    private static void Print(CliEnvironment environment, string file, FleetConfiguration configuration)
    {
        environment.Output.WriteLine($"{TerminalText.OneLine(file)} is valid (version {configuration.Version}).");
        environment.Output.WriteLine();
        TableWriter.Write(environment, ["LISTENER", "TLS", "WHO"], configuration.Listeners.Select(listener => (string[])
        [
            listener.Address.ToString(),
            listener.Tls is null ? "no" : listener.Tls.ClientAuthorityFile is null ? "yes" : "mutual",
            configuration.Tenants.Count > 0 ? "tenants with a key" : "everybody who reaches it",
        ]));
        environment.Output.WriteLine();
        TableWriter.Write(environment, ["POOL", "POLICY", "UPSTREAM", "KIND", "URL", "MODEL"], configuration.Pools.SelectMany(pool => pool.Value.Upstreams.Select(upstream => (string[])
        [
            pool.Key, JsonNamingPolicy.SnakeCaseLower.ConvertName(pool.Value.Policy.ToString()), upstream.Name, upstream.Kind.ToString().ToLowerInvariant(), upstream.Url?.ToString() ?? "", upstream.Model ?? "",
        ])));
        environment.Output.WriteLine();
        TableWriter.Write(environment, ["ROUTE", "POOL", "CLASS"], configuration.Routes.Select(route => (string[])[route.Key, route.Value.Pool, route.Value.Class ?? ""]));
        if (configuration.Tenants.Count > 0)
        {
            environment.Output.WriteLine();
            TableWriter.Write(environment, ["TENANT", "KEYS", "CLASS", "WEIGHT", "MODELS", "LIMITS", "BUDGET"], configuration.Tenants.Values.Select(Row));
        }
    }

    private static string[] Row(TenantSettings tenant) =>
    [
        tenant.Name,
        string.Join(", ", tenant.Keys.Select(key => key.Name)),
        tenant.Class ?? "the route's",
        tenant.Weight.ToString(CultureInfo.InvariantCulture),
        tenant.Models is null ? "all" : string.Join(", ", tenant.Models),
        List((tenant.Limits.RequestsPerMinute, "requests/min"), (tenant.Limits.TokensPerMinute, "tokens/min"), (tenant.Limits.ConcurrentTokens, "tokens at a time"), (tenant.Limits.ConcurrentRequests, "requests at a time")),
        List((tenant.Budget.PerDay, "a day"), (tenant.Budget.PerMonth, "a month")),
    ];

    private static string List(params (IFormattable? Value, string Unit)[] parts)
    {
        string text = string.Join(", ", parts.Where(part => part.Value is not null).Select(part => $"{part.Value!.ToString(null, CultureInfo.InvariantCulture)} {part.Unit}"));
        return text.Length == 0 ? "none" : text;
    }
}
