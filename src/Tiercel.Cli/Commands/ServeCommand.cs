using System.CommandLine;
using Tiercel.Cli.ModelStore;
using Tiercel.Cli.Startup;
using Tiercel.Cli.Terminal;
using Tiercel.Engine;
using Tiercel.Gateway;

namespace Tiercel.Cli.Commands;

/// <summary><c>tiercel serve</c>: the OpenAI-compatible server.</summary>
internal sealed class ServeCommand
{
    private readonly Argument<string?> _model = CommonOptions.OptionalModel();
    private readonly Option<string?> _name = new("--name") { Description = "The name the model is served under.", HelpName = "NAME" };
    private readonly Option<int?> _parallel = new("--parallel") { Description = "Most choices computed at one time. Default: what the engine can hold.", HelpName = "N" };
    private readonly Option<int> _queue = new("--max-queue") { Description = "Most requests waiting; one more gets 503.", HelpName = "N", DefaultValueFactory = _ => 512 };
    private readonly Option<int> _grace = new("--grace") { Description = "Seconds that running requests get after Ctrl-C.", HelpName = "SECONDS", DefaultValueFactory = _ => 30 };
    private readonly Option<bool> _json = CommonOptions.Json();
    private readonly CliEnvironment _environment;
    private readonly EngineSettings _engineSettings;
    private readonly ServerSettings _serverSettings;

    private ServeCommand(CliEnvironment environment, Command command)
    {
        _environment = environment;
        _parallel.Validators.Add(result => Limits.Require(result, 1, 65536));
        _queue.Validators.Add(result => Limits.Require(result, 1, 1_000_000));
        _grace.Validators.Add(result => Limits.Require(result, 0, 86_400));
        command.Add(_model);
        _serverSettings = new ServerSettings(command);
        command.Add(_name);
        _engineSettings = new EngineSettings(command);
        foreach (Option option in (Option[])[_parallel, _queue, _grace, _json])
        {
            command.Add(option);
        }

        command.SetAction((parsed, _) => RunAsync(parsed));
    }

    public static Command Create(CliEnvironment environment)
    {
        Command command = new("serve", "Serves a model over an OpenAI-compatible HTTP API.");
        _ = new ServeCommand(environment, command);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed)
    {
        GatewayOptions gateway = _serverSettings.Read(parsed, _environment);
        StoredModel model = ModelFinder.Find(_environment, parsed.GetValue(_model));
        InferenceEngineOptions options = _engineSettings.Read(parsed) with
        {
            ModelName = parsed.GetValue(_name) ?? model.Name,
            MaxRunning = parsed.GetValue(_parallel),
            MaxWaitingRequests = parsed.GetValue(_queue),
        };
        using Interrupts interrupts = new(_environment);
        await using Stream? log = _serverSettings.OpenLog(parsed);
        using LoadedEngine loaded = _environment.LoadEngine(model.Path, options, _environment.Time);
        await using GatewayServer server = await GatewayServer.StartAsync(
            gateway with { RequestLog = log }, loaded.Engine, _environment.Time, interrupts.Token);
        ServeBanner.Write(_environment, loaded, server.Urls[0].TrimEnd('/'), gateway.ApiKeys.Count > 0, parsed.GetValue(_json));
        await InterruptAsync(interrupts.Token);
        return await DrainAsync(server, TimeSpan.FromSeconds(parsed.GetValue(_grace)));
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
