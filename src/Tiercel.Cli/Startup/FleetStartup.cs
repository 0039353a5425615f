using System.Net;
using System.Security.Cryptography;
using System.Text;
using Tiercel.Cli.Json;
using Tiercel.Cli.Terminal;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Fleet;

namespace Tiercel.Cli.Startup;

/// <summary>Starts a gateway, tells where it is, follows its file, and ends it as its user wishes.</summary>
internal static class FleetStartup
{
    /// <summary>The secret that gateways and workers share, where no file says another.</summary>
    public const string SecretVariable = "TIERCEL_CLUSTER_SECRET";

    /// <exception cref="ConfigurationInvalidException">The file is not valid.</exception>
    public static ConfigurationSource Open(CliEnvironment environment, string file, bool hasEngine)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(file)) ?? ".";
        return ConfigurationSource.Open(file, environment.Time, references: new ReferenceResolver(environment.Variable, folder), hasEngine: hasEngine);
    }

    /// <summary>The secret of the environment, or null.</summary>
    /// <exception cref="UserErrorException">It cannot be sent in a header, or can be guessed.</exception>
    public static Secret? ClusterSecret(CliEnvironment environment)
    {
        if (environment.Variable(SecretVariable)?.Trim() is not { Length: > 0 } value)
        {
            return null;
        }

        if (value.Length < Secret.MinClusterCharacters || value.Any(c => c is <= ' ' or > '~'))
        {
            throw new UserErrorException(
                $"{SecretVariable} holds no secret: {Secret.MinClusterCharacters} or more visible ASCII characters without spaces, such as openssl rand -hex 16 makes", ExitCodes.Usage);
        }

        return new Secret($"env:{SecretVariable}", value);
    }

    /// <summary>Asks each engine what it is, and makes a pool of those that have the same model.</summary>
    /// <param name="patience">How long one that does not listen yet is waited for.</param>
    /// <exception cref="UserErrorException">One does not answer.</exception>
    public static async Task<FleetConfiguration> DiscoverAsync(
        CliEnvironment environment, string[] urls, IPEndPoint address, string[] keys, TimeSpan patience, CancellationToken cancellationToken)
    {
        Secret? secret = ClusterSecret(environment);
        List<DiscoveredUpstream> found = [];
        using UpstreamDiscovery discovery = new(environment, secret, patience);
        foreach (string url in urls)
        {
            found.Add(await discovery.AskAsync(url, cancellationToken));
        }

        if (found.GroupBy(upstream => upstream.Url).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw new UserErrorException($"--upstream: {twice.Key} is given twice", ExitCodes.Usage);
        }

        Dictionary<string, PoolSettings> pools = [];
        Dictionary<string, RouteSettings> routes = [];
        foreach (IGrouping<string, DiscoveredUpstream> model in found.SelectMany(upstream => upstream.Models.Select(name => (name, upstream))).GroupBy(entry => entry.name, entry => entry.upstream))
        {
            pools[model.Key] = new PoolSettings { Upstreams = [.. model.Select(upstream => Settings(upstream, model.Key))] };
            routes[model.Key] = new RouteSettings(model.Key);
        }

        KeySettings[] tenantKeys = [.. keys.Select((key, index) => new KeySettings($"key-{index + 1}", SHA256.HashData(Encoding.UTF8.GetBytes(key)), "--api-key"))];
        return new FleetConfiguration
        {
            Version = "command-line",
            Listeners = [new ListenerSettings { Address = address }],
            Cluster = new ClusterSettings { Secret = secret },
            Pools = pools,
            Routes = routes,
            Tenants = keys.Length == 0 ? new Dictionary<string, TenantSettings>() : new Dictionary<string, TenantSettings>
            {
                ["default"] = new TenantSettings { Name = "default", Keys = tenantKeys },
            },
        };
    }

    /// <summary>An engine with one model is called by its address; one with several stands in a pool for each, under a name for each.</summary>
    private static UpstreamSettings Settings(DiscoveredUpstream upstream, string model)
    {
        string name = upstream.Url.Authority + upstream.Url.AbsolutePath.TrimEnd('/');
        return new UpstreamSettings { Name = upstream.Models.Count == 1 ? name : $"{name}:{model}", Kind = upstream.Kind, Url = upstream.Url };
    }

    /// <summary>Runs until the first interrupt, then lets running requests finish.</summary>
    public static async Task<int> RunAsync(CliEnvironment environment, FleetOptions options, TimeSpan grace, bool json, Interrupts interrupts)
    {
        options.Configuration.Rejected += error =>
        {
            foreach (ConfigurationError reason in error.Errors)
            {
                environment.Error.WriteLine(TerminalText.OneLine($"tiercel: the configuration stays as it was: {reason}"));
            }
        };
        await using FleetServer server = await FleetServer.StartAsync(options, environment.Time, interrupts.Token);
        using IDisposable? hangUps = options.Configuration.FollowsFile ? environment.OnHangUp(() => options.Configuration.Reload()) : null;
        server.Said += line => environment.Error.WriteLine(TerminalText.OneLine($"tiercel: {line}"));
        Tell(environment, options.Configuration.Current, [.. server.Urls.Select(url => url.TrimEnd('/'))], json);
        await UntilAsync(interrupts.Token);
        int running = server.ActiveRequests;
        environment.Error.WriteLine(running == 0 ? "tiercel: stopping" : $"tiercel: {running} running, at most {grace.TotalSeconds:0} s; Ctrl-C again stops at once");
        return await server.DrainAsync(grace, CancellationToken.None)
            ? ExitCodes.Success
            : throw new UserErrorException($"requests were still running after {grace.TotalSeconds:0} s and were interrupted");
    }

    private static void Tell(CliEnvironment environment, FleetConfiguration configuration, string[] urls, bool json)
    {
        string url = urls[0];
        if (json)
        {
            CliJson.Write(environment, new GatewayStarted(url, $"{url}/v1", configuration.Version, [.. configuration.Routes.Keys], configuration.Tenants.Count > 0), CliJson.Default.GatewayStarted);
            return;
        }

        foreach ((string name, PoolSettings pool) in configuration.Pools)
        {
            Line(environment, $"pool     {name}: {pool.Upstreams.Count} upstreams ({string.Join(", ", pool.Upstreams.Take(8).Select(upstream => $"{upstream.Name} {upstream.Kind.ToString().ToLowerInvariant()}"))})");
        }

        Line(environment, $"models   {string.Join(", ", configuration.Routes.Keys)}");
        Line(environment, configuration.Tenants.Count == 0 ? "tenants  none: no key is needed" : $"tenants  {configuration.Tenants.Count}");
        Line(environment, $"ready    {string.Join(", ", urls)} (OpenAI base URL: {url}/v1)");
        Line(environment, "Ctrl-C ends it after the running requests; a second Ctrl-C at once.");
        environment.Output.Flush();
    }

    private static void Line(CliEnvironment environment, string text) => environment.Output.WriteLine(TerminalText.OneLine(text));

    private static async Task UntilAsync(CancellationToken interrupted)
    {
        TaskCompletionSource source = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = interrupted.Register(source.SetResult);
        await source.Task;
    }
}
