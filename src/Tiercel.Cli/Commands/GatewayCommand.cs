using System.CommandLine;
using System.Net;
using Tiercel.Cli.Startup;
using Tiercel.Cli.Terminal;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Fleet;

namespace Tiercel.Cli.Commands;

/// <summary><c>tiercel gateway</c>: one endpoint in front of many engines.</summary>
internal sealed class GatewayCommand
{
    private readonly Option<string?> _config = new("--config") { Description = "The fleet's configuration file; changes of it are taken over while the gateway runs.", HelpName = "FILE" };
    private readonly Option<string[]> _upstreams = new("--upstream", "-u")
    {
        Description = "Address of an engine, in place of a configuration file; may be repeated. What it is and which model it has is asked.",
        HelpName = "URL",
    };

    private readonly Option<string> _host = new("--host") { Description = "Address to listen on, with --upstream.", HelpName = "ADDRESS", DefaultValueFactory = _ => "127.0.0.1" };
    private readonly Option<int> _port = new("--port", "-p") { Description = "Port, with --upstream; 0 takes a free one.", HelpName = "PORT", DefaultValueFactory = _ => 8080 };
    private readonly Option<string[]> _keys = new("--api-key") { Description = "A key that clients must send, with --upstream; may be repeated.", HelpName = "KEY" };
    private readonly Option<int> _wait = new("--wait") { Description = "Seconds that engines which do not listen yet are waited for, with --upstream.", HelpName = "SECONDS", DefaultValueFactory = _ => 60 };
    private readonly Option<int> _grace = new("--grace") { Description = "Seconds that running requests get after Ctrl-C.", HelpName = "SECONDS", DefaultValueFactory = _ => 30 };
    private readonly Option<bool> _json = CommonOptions.Json();
    private readonly CliEnvironment _environment;

    private GatewayCommand(CliEnvironment environment, Command command)
    {
        _environment = environment;
        _port.Validators.Add(result => Limits.Require(result, 0, 65535));
        _wait.Validators.Add(result => Limits.Require(result, 0, 86_400));
        _grace.Validators.Add(result => Limits.Require(result, 0, 86_400));
        foreach (Option option in (Option[])[_config, _upstreams, _host, _port, _keys, _wait, _grace, _json])
        {
            command.Add(option);
        }

        command.SetAction((parsed, _) => RunAsync(parsed));
    }

    public static Command Create(CliEnvironment environment)
    {
        Command command = new("gateway", "Serves one OpenAI-compatible endpoint in front of many engines.");
        _ = new GatewayCommand(environment, command);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed)
    {
        string? file = parsed.GetValue(_config);
        string[] urls = parsed.GetValue(_upstreams) ?? [];
        if (file is null == (urls.Length == 0))
        {
            throw new UserErrorException("give either --config FILE or --upstream URL; see tiercel gateway --help", ExitCodes.Usage);
        }

        if (file is not null)
        {
            Limits.RefuseBesideFile(parsed, _host, _port, _keys, _wait);
        }

        bool inline = _environment.ClaimSocketThreads();
        using Interrupts interrupts = new(_environment);
        using ConfigurationSource source = file is not null
            ? FleetStartup.Open(_environment, file, hasEngine: false)
            : ConfigurationSource.Of(await FleetStartup.DiscoverAsync(_environment, urls, Address(parsed), parsed.GetValue(_keys) ?? [], TimeSpan.FromSeconds(parsed.GetValue(_wait)), interrupts.Token));
        return await FleetStartup.RunAsync(
            _environment, new FleetOptions { Configuration = source, AnswersOnSocketThreads = inline }, TimeSpan.FromSeconds(parsed.GetValue(_grace)), parsed.GetValue(_json), interrupts);
    }

    private IPEndPoint Address(ParseResult parsed)
    {
        string host = parsed.GetValue(_host)!;
        IPAddress? address = host == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(host, out IPAddress? given) ? given : null;
        if (address is null)
        {
            throw new UserErrorException($"--host: '{host}' is no IP address", ExitCodes.Usage);
        }

        if (!IPAddress.IsLoopback(address) && (parsed.GetValue(_keys) ?? []).Length == 0)
        {
            throw new UserErrorException($"{address} can be reached from other machines: give --api-key KEY, or a --config FILE with tenants", ExitCodes.Usage);
        }

        return new IPEndPoint(address, parsed.GetValue(_port));
    }
}
