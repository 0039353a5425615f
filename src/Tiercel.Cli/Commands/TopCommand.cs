using System.CommandLine;
using System.Net.Http.Headers;
using System.Text.Json;
using Spectre.Console;
using Tiercel.Cli.Terminal;
using Tiercel.Gateway.Telemetry;

namespace Tiercel.Cli.Commands;

/// <summary><c>tiercel top</c>: the fleet of a running gateway, as it is now.</summary>
internal sealed class TopCommand
{
    private const string SecretVariable = "TIERCEL_CLUSTER_SECRET";
    private const int MaxAnswerBytes = 32 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Option<string> _url = new("--url") { Description = "The gateway.", HelpName = "URL", DefaultValueFactory = _ => "http://127.0.0.1:8080" };
    private readonly Option<string?> _secret = new("--secret-file") { Description = $"File of the cluster's secret. Default: the variable {SecretVariable}.", HelpName = "FILE" };
    private readonly Option<double> _interval = new("--interval") { Description = "Seconds between two looks.", HelpName = "SECONDS", DefaultValueFactory = _ => 1 };
    private readonly Option<bool> _once = new("--once") { Description = "Look once and end." };
    private readonly Option<bool> _json = CommonOptions.Json();
    private readonly CliEnvironment _environment;

    private TopCommand(CliEnvironment environment, Command command)
    {
        _environment = environment;
        foreach (Option option in (Option[])[_url, _secret, _interval, _once, _json])
        {
            command.Add(option);
        }

        command.SetAction((parsed, _) => RunAsync(parsed));
    }

    public static Command Create(CliEnvironment environment)
    {
        Command command = new("top", "Shows the fleet of a running gateway: replicas, queues, tenants.");
        _ = new TopCommand(environment, command);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed)
    {
        string address = parsed.GetValue(_url)!;
        double interval = parsed.GetValue(_interval);
        if (!Uri.TryCreate(address.TrimEnd('/') + "/", UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https"))
        {
            throw new UserErrorException($"--url: '{address}' is not an http or https address", ExitCodes.Usage);
        }

        if (interval is not (>= 0.1 and <= 3600))
        {
            throw new UserErrorException("--interval must be between 0.1 and 3600", ExitCodes.Usage);
        }

        using HttpClient http = new() { BaseAddress = url, Timeout = Patience, MaxResponseContentBufferSize = MaxAnswerBytes };
        http.DefaultRequestHeaders.Authorization = Secret(parsed.GetValue(_secret)) is string secret ? new AuthenticationHeaderValue("Bearer", secret) : null;
        if (parsed.GetValue(_json))
        {
            _environment.Output.WriteLine(_environment.ForOutput(await AskAsync(http)));
            return ExitCodes.Success;
        }

        if (parsed.GetValue(_once) || !_environment.OutputIsTerminal)
        {
            FleetTables.Write(_environment, await SnapshotAsync(http));
            return ExitCodes.Success;
        }

        await FollowAsync(http, TimeSpan.FromSeconds(interval));
        return ExitCodes.Success;
    }

    /// <summary>Until Ctrl-C, which is how one leaves. A terminal that cannot go back up gets one picture below the other.</summary>
    private async Task FollowAsync(HttpClient http, TimeSpan interval)
    {
        using CancellationTokenSource end = new();
        using IDisposable interrupts = _environment.OnInterrupt(() => end.Cancel());
        bool isDumb = _environment.Variable("TERM") is null or "" or "dumb";
        try
        {
            if (isDumb)
            {
                while (true)
                {
                    FleetTables.Write(_environment, await SnapshotAsync(http));
                    _environment.Output.WriteLine();
                    await Task.Delay(interval, _environment.Time, end.Token);
                }
            }

            IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.Yes, Out = new AnsiConsoleOutput(_environment.Output) });
            await console.Live(new Text("")).AutoClear(true).StartAsync(async live =>
            {
                while (true)
                {
                    using StringWriter picture = new();
                    FleetTables.Write(_environment with { Output = picture }, await SnapshotAsync(http));
                    live.UpdateTarget(new Text(Cut(picture.ToString(), console.Profile.Width)));
                    await Task.Delay(interval, _environment.Time, end.Token);
                }
            });
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // That is the way out.
        }
    }

    /// <summary>Lines that are too long are cut: folded ones would not be a table any more.</summary>
    internal static string Cut(string picture, int columns) =>
        string.Join('\n', picture.Split('\n').Select(line => line.TrimEnd()).Select(line => line.Length <= columns ? line : $"{line.AsSpan(0, Math.Max(0, columns - 1))}…"));

    private static async Task<FleetSnapshot> SnapshotAsync(HttpClient http)
    {
        try
        {
            return JsonSerializer.Deserialize(await AskAsync(http), FleetSnapshotJson.Default.FleetSnapshot)!;
        }
        catch (JsonException)
        {
            throw new UserErrorException($"{http.BaseAddress} answers, but not as a gateway of this version");
        }
    }

    private static async Task<string> AskAsync(HttpClient http)
    {
        try
        {
            using HttpResponseMessage answer = await http.GetAsync(new Uri("internal/fleet", UriKind.Relative));
            return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync()
                : throw new UserErrorException((int)answer.StatusCode == 404
                    ? $"{http.BaseAddress} shows its fleet only to who knows the cluster's secret ({SecretVariable} or --secret-file), and only if it is a gateway"
                    : $"{http.BaseAddress} answered {(int)answer.StatusCode} to /internal/fleet");
        }
        catch (Exception error) when (error is HttpRequestException { StatusCode: null } or TaskCanceledException)
        {
            throw new UserErrorException($"no gateway answers at {http.BaseAddress}; name another with --url");
        }
    }

    private string? Secret(string? file) => (file is null ? _environment.Variable(SecretVariable) : File.ReadAllText(file)) is { } text && text.Trim().Length > 0 ? text.Trim() : null;
}
