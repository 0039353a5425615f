using System.CommandLine;
using Tiercel.Cli.ModelStore;
using Tiercel.Cli.Startup;
using Tiercel.Cli.Terminal;
using Tiercel.Engine;
using Tiercel.Gateway;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Fleet;

namespace Tiercel.Cli.Commands;

/// <summary><c>tiercel serve</c>: the OpenAI-compatible server.</summary>
internal sealed class ServeCommand
{
    private readonly Argument<string?> _model = CommonOptions.OptionalModel();
    private readonly Option<string?> _name = new("--name") { Description = "The name the model is served under.", HelpName = "NAME" };
    private readonly Option<int?> _parallel = new("--parallel") { Description = "Most choices computed at one time. Default: what the engine can hold.", HelpName = "N" };
    private readonly Option<int> _queue = new("--max-queue") { Description = "Most requests waiting; one more gets 503.", HelpName = "N", DefaultValueFactory = _ => 512 };
    private readonly Option<int> _grace = new("--grace") { Description = "Seconds that running requests get after Ctrl-C.", HelpName = "SECONDS", DefaultValueFactory = _ => 30 };
    private readonly Option<string?> _config = new("--config")
    {
        Description = "A fleet's configuration file: this engine is its upstream of the kind 'embedded', and the file says how the API is offered.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _workerName = new("--worker-name") { Description = "Name of this worker in its fleet. Default: the model's.", HelpName = "NAME" };
    private readonly Option<string?> _certificate = new("--tls-certificate") { Description = "Serve over TLS with this certificate chain (PEM).", HelpName = "FILE" };
    private readonly Option<string?> _certificateKey = new("--tls-key") { Description = "Private key of the certificate (PEM).", HelpName = "FILE" };
    private readonly Option<string?> _clientAuthority = new("--tls-client-authority") { Description = "Callers must show a certificate of this authority (PEM); a gateway that does is trusted.", HelpName = "FILE" };
    private readonly Option<bool> _json = CommonOptions.Json();
    private readonly bool _isWorker;
    private readonly CliEnvironment _environment;
    private readonly EngineSettings _engineSettings;
    private readonly ServerSettings _serverSettings;

    private ServeCommand(CliEnvironment environment, Command command, bool isWorker)
    {
        _isWorker = isWorker;
        _environment = environment;
        _name.Validators.Add(Limits.RequireName);
        _workerName.Validators.Add(Limits.RequireName);
        _parallel.Validators.Add(result => Limits.Require(result, 1, 65536));
        _queue.Validators.Add(result => Limits.Require(result, 1, 1_000_000));
        _grace.Validators.Add(result => Limits.Require(result, 0, 86_400));
        command.Add(_model);
        _serverSettings = new ServerSettings(command);
        command.Add(_name);
        _engineSettings = new EngineSettings(command);
        Option[] role = isWorker ? [_workerName] : [_config];
        foreach (Option option in (Option[])[_parallel, _queue, _grace, _certificate, _certificateKey, _clientAuthority, .. role, _json])
        {
            command.Add(option);
        }

        command.SetAction((parsed, _) => RunAsync(parsed));
    }

    public static Command Create(CliEnvironment environment)
    {
        Command command = new("serve", "Serves a model over an OpenAI-compatible HTTP API.");
        _ = new ServeCommand(environment, command, isWorker: false);
        return command;
    }

    /// <summary><c>tiercel worker</c>: the same server as a part of a fleet, whose gateways it trusts by a secret or a certificate.</summary>
    public static Command CreateWorker(CliEnvironment environment)
    {
        Command command = new("worker", $"Serves a model to the gateways of a fleet, which it trusts by {FleetStartup.SecretVariable} or by certificate.");
        _ = new ServeCommand(environment, command, isWorker: true);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed)
    {
        if (parsed.GetValue(_config) is not null)
        {
            _serverSettings.RefuseBesideFile(parsed);
            Limits.RefuseBesideFile(parsed, _certificate, _certificateKey, _clientAuthority);
        }

        GatewayOptions gateway = _serverSettings.Read(parsed, _environment) with { Tls = ReadTls(parsed) };
        if (_isWorker)
        {
            gateway = gateway with { ClusterSecret = FleetStartup.ClusterSecret(_environment), WorkerName = parsed.GetValue(_workerName) };
            if (gateway.ClusterSecret is null && gateway.Tls?.ClientAuthorityFile is null)
            {
                throw new UserErrorException(
                    $"a worker trusts gateways that show a secret: set {FleetStartup.SecretVariable} for both, or give --tls-client-authority", ExitCodes.Usage);
            }
        }

        if (parsed.GetValue(_config) is null)
        {
            ServerSettings.RequireFree(gateway.Endpoints);
        }

        StoredModel model = ModelFinder.Find(_environment, parsed.GetValue(_model));
        InferenceEngineOptions options = _engineSettings.Read(parsed) with
        {
            ModelName = parsed.GetValue(_name) ?? model.Name,
            MaxRunning = parsed.GetValue(_parallel),
            MaxWaitingRequests = parsed.GetValue(_queue),
        };
        using Interrupts interrupts = new(_environment);
        await using Stream? log = _serverSettings.OpenLog(parsed);
        using ConfigurationSource? fleet = parsed.GetValue(_config) is string file ? FleetStartup.Open(_environment, file, hasEngine: true) : null;
        using LoadedEngine loaded = _environment.LoadEngine(model.Path, options, _environment.Time);
        if (fleet is not null)
        {
            return await FleetStartup.RunAsync(
                _environment,
                new FleetOptions { Configuration = fleet, Embedded = loaded.Engine, AllowedHosts = gateway.AllowedHosts, AllowedOrigins = gateway.AllowedOrigins },
                TimeSpan.FromSeconds(parsed.GetValue(_grace)),
                parsed.GetValue(_json),
                interrupts);
        }

        await using GatewayServer server = await GatewayServer.StartAsync(
            gateway with { RequestLog = log }, loaded.Engine, _environment.Time, interrupts.Token);
        ServeBanner.Write(_environment, loaded, server.Urls[0].TrimEnd('/'), gateway.ApiKeys.Count > 0, parsed.GetValue(_json));
        await InterruptAsync(interrupts.Token);
        return await DrainAsync(server, TimeSpan.FromSeconds(parsed.GetValue(_grace)));
    }

    private TlsSettings? ReadTls(ParseResult parsed)
    {
        string? certificate = parsed.GetValue(_certificate);
        string? key = parsed.GetValue(_certificateKey);
        string? authority = parsed.GetValue(_clientAuthority);
        if (certificate is null != key is null || (certificate is null && authority is not null))
        {
            throw new UserErrorException("--tls-certificate and --tls-key go together, and --tls-client-authority needs both", ExitCodes.Usage);
        }

        return certificate is null ? null : new TlsSettings(certificate, key!, authority);
    }

    /// <summary>New requests get 503 from now on, running ones may finish.</summary>
    private async Task<int> DrainAsync(GatewayServer server, TimeSpan grace)
    {
        int running = server.ActiveRequests;
        _environment.Error.WriteLine(running == 0 ? "tiercel: stopping" : $"tiercel: {running} running, at most {grace.TotalSeconds:0} s; Ctrl-C again stops at once");
        if (await server.DrainAsync(grace, CancellationToken.None))
        {
            return ExitCodes.Success;
        }

        throw new UserErrorException($"requests were still running after {grace.TotalSeconds:0} s and were interrupted");
    }

    private static async Task InterruptAsync(CancellationToken interrupted)
    {
        TaskCompletionSource source = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = interrupted.Register(source.SetResult);
        await source.Task;
    }
}
