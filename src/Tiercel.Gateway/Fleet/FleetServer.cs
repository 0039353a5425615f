using System.Security.Cryptography;
using System.Buffers.Binary;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Health;
using Tiercel.Gateway.Metering;
using Tiercel.Gateway.Metering.Ledger;
using Tiercel.Gateway.Telemetry;

namespace Tiercel.Gateway.Fleet;

/// <summary>The gateway: one endpoint in front of many engines. Follows its configuration while it runs.</summary>
public sealed class FleetServer : IAsyncDisposable
{
    /// <summary>How long connections whose clients do not read are waited for when the server stops.</summary>
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(5);

    private readonly WebApplication _app;
    private readonly FleetServices _services;
    private readonly FleetRegistry _registry;
    private readonly FleetDispatcher _dispatcher;
    private readonly FleetPulse _pulse;
    private int _disposed;

    private FleetServer(WebApplication app, FleetServices services, FleetRegistry registry, FleetDispatcher dispatcher)
    {
        _app = app;
        _services = services;
        _registry = registry;
        _dispatcher = dispatcher;
        services.Say = line =>
        {
            Said?.Invoke(line);
            return Said is not null;
        };
        _pulse = new FleetPulse(services);
        Urls = [.. app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];
        services.Options.Configuration.Changed += OnChanged;
        services.Options.Configuration.Rejected += OnRejected;
    }

    /// <summary>Where the gateway listens, with the ports that it got.</summary>
    public IReadOnlyList<string> Urls { get; }

    /// <summary>Requests that are being answered, those that wait included.</summary>
    public int ActiveRequests => _services.Door.Inside;

    /// <summary>A line for people about something that happened: a replica's state, a configuration.</summary>
    public event Action<string>? Said;

    /// <summary>Exchanges that are not yet counted and logged.</summary>
    internal int OpenExchanges => _dispatcher.Open;

    internal FleetServices Services => _services;

    /// <summary>Starts to listen.</summary>
    /// <exception cref="GatewayConfigurationException">The configuration cannot be run here; an address is none of this machine's, say.</exception>
    /// <exception cref="IOException">An address is taken.</exception>
    public static async Task<FleetServer> StartAsync(FleetOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        FleetConfiguration configuration = options.Configuration.Current;
        long run = BinaryPrimitives.ReadInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(long)));
        FleetTelemetry telemetry = new(configuration.Telemetry, time);
        Stream? logFile = configuration.Telemetry.RequestLog is string path ? new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0) : null;
        FleetServices services = new(options, time, telemetry, new RequestLog(logFile, time));
        UsageLedger ledger = UsageLedger.Start(configuration.Ledger, run, time, restored => Restore(services, restored));
        services.Ledger = ledger;
        FleetRegistry registry = new(services);
        registry.Apply(configuration);
        FleetDispatcher dispatcher = new(services);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Listeners.Configure(kestrel, configuration, time));
        if (options.AnswersOnSocketThreads)
        {
            builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        }

        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, ConnectionMemory>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopGrace);
        WebApplication app = builder.Build();
        app.Run(dispatcher.HandleAsync);
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (Exception error)
        {
            await registry.DisposeAsync();
            await ledger.DisposeAsync();
            await app.DisposeAsync();
            if (error is System.Net.Sockets.SocketException)
            {
                string addresses = string.Join(", ", configuration.Listeners.Select(listener => listener.Address));
                throw new GatewayConfigurationException($"cannot listen on {addresses}: {error.Message}");
            }

            throw;
        }

        FleetServer server = new(app, services, registry, dispatcher);
        services.State.Changed = server.OnTransition;
        services.Faulted = server.OnFault;
        telemetry.Observe(() => SnapshotTaker.Take(services));
        return server;
    }

    /// <summary>Takes no new requests: they get 503, and <c>/health</c> says so.</summary>
    public void StopAdmission() => _ = _services.Door.Close();

    /// <summary>Takes no new requests and waits until the running ones have their answers.</summary>
    /// <returns>Whether all ended within the grace.</returns>
    public async Task<bool> DrainAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        Task empty = _services.Door.Close();
        try
        {
            await empty.WaitAsync(grace, _services.Clock.Time, cancellationToken);
            return true;
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Interrupts what still runs, stops listening, and writes what the ledger still holds.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
        {
            return;
        }

        _services.Options.Configuration.Changed -= OnChanged;
        _services.Options.Configuration.Rejected -= OnRejected;
        _ = _services.Door.Close();
        await _services.Stopping.CancelAsync();
        Interrupt();
        _pulse.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _registry.DisposeAsync();
        await _services.Ledger.DisposeAsync();
        await _services.Log.DisposeAsync();
        _services.Telemetry.Dispose();
    }

    /// <summary>Ends what waits and what runs with an error that says so: cut connections would say nothing.</summary>
    private void Interrupt()
    {
        _services.Waiting.Empty();
        Attempt[] running;
        lock (_services.Gate)
        {
            running = [.. _services.State.Replicas.Values.SelectMany(replica => replica.Running)];
        }

        foreach (Attempt attempt in running)
        {
            attempt.Abandon(Recovery.StreamFailure.Interrupted);
        }
    }

    private static void Restore(FleetServices services, IReadOnlyList<TenantSpending> spendings)
    {
        foreach (TenantSpending spent in spendings)
        {
            services.Accounts.Restore(spent.Tenant, spent.Day, spent.Month, services.Clock.Utc);
        }
    }

    private void OnChanged(FleetConfiguration before, FleetConfiguration after)
    {
        _registry.Apply(after);
        _services.Telemetry.ConfigurationLoaded(after.Telemetry);
        IReadOnlyList<ConfigurationChange> waiting = _services.Options.Configuration.WaitForRestart;
        Said?.Invoke(waiting.Count == 0
            ? $"configuration {after.Version} is in force"
            : $"configuration {after.Version} is in force, but for what the next start takes up: {string.Join(", ", waiting.Select(change => change.Path))}");
    }

    /// <summary>Tells where it was, and not the message, which may quote a request.</summary>
    private void OnFault(Exception error) =>
        Said?.Invoke($"a fault of the gateway: {error.GetType().Name}{error.StackTrace?.Split('\n').FirstOrDefault()?.TrimEnd()}");

    private void OnRejected(ConfigurationInvalidException error) => _services.Telemetry.ConfigurationLoaded(null);

    private void OnTransition(HealthTransition transition)
    {
        if (_services.State.Replicas.TryGetValue(transition.Replica, out Replica? replica))
        {
            _services.Telemetry.Transition(transition, replica.Pool, replica.Name);
            Said?.Invoke($"{replica.Pool}/{replica.Name} is {transition.To.ToString().ToLowerInvariant()}: {transition.Reason}");
        }
    }

    /// <summary>Leaves signals alone: they belong to the program that composes the roles.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
