using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Tiercel.Engine;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Endpoints;
using Tiercel.Gateway.Identity;
using Tiercel.Gateway.Workers;

namespace Tiercel.Gateway;

/// <summary>The HTTP API in front of an engine. The engine belongs to the caller.</summary>
public sealed class GatewayServer : IAsyncDisposable
{
    /// <summary>How long connections whose clients do not read are waited for when the server stops.</summary>
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(5);

    private readonly WebApplication _app;
    private readonly GatewayServices _services;
    private readonly RequestDispatcher _dispatcher;
    private int _disposed;

    private GatewayServer(WebApplication app, GatewayServices services, RequestDispatcher dispatcher)
    {
        _app = app;
        _services = services;
        _dispatcher = dispatcher;
        Urls = [.. app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];
    }

    /// <summary>Where the server listens, with the ports that it got.</summary>
    public IReadOnlyList<string> Urls { get; }

    /// <summary>Requests that are being answered.</summary>
    public int ActiveRequests => _services.Gate.Inside;

    /// <summary>What gateways of the fleet are told.</summary>
    internal WorkerRole Worker => _services.Worker;

    /// <summary>Exchanges that are not yet counted and logged.</summary>
    internal int OpenExchanges => _dispatcher.Open;

    /// <summary>Starts to listen.</summary>
    /// <exception cref="GatewayConfigurationException">The options contradict each other or are not safe.</exception>
    /// <exception cref="IOException">An address is taken, or is none of this machine's.</exception>
    public static async Task<GatewayServer> StartAsync(
        GatewayOptions options, IInferenceEngine engine, TimeProvider time, CancellationToken cancellationToken)
    {
        Check(options);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Configure(kestrel, options, time));
        // Signals belong to the program that composes the roles, not to its web server.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopGrace);
        WebApplication app = builder.Build();
        GatewayServices services = new(options, engine, time);
        RequestDispatcher dispatcher = new(services);
        app.Run(dispatcher.HandleAsync);
        try
        {
            if (services.Worker.Trust.IsConfigured)
            {
                // How fast the engine is, is measured while it has nothing else to do.
                await services.Worker.DescribeAsync(cancellationToken);
            }

            await app.StartAsync(cancellationToken);
        }
        catch
        {
            await services.DisposeAsync();
            await app.DisposeAsync();
            throw;
        }

        return new GatewayServer(app, services, dispatcher);
    }

    /// <summary>Takes no new requests: they get 503, and <c>/health</c> says so.</summary>
    public void StopAdmission() => _ = _services.Gate.Close();

    /// <summary>Takes no new requests and waits until the running ones have their answers; those still running after the grace time are interrupted.</summary>
    /// <returns>Whether all ended by themselves.</returns>
    public async Task<bool> DrainAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        Task empty = _services.Gate.Close();
        try
        {
            await empty.WaitAsync(grace, _services.Time, cancellationToken);
            return true;
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException)
        {
            await _services.Stopping.CancelAsync();
            return false;
        }
    }

    /// <summary>Interrupts what still runs and stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
        {
            return;
        }

        _ = _services.Gate.Close();
        await _services.Stopping.CancelAsync();
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _services.DisposeAsync();
    }

    private static void Check(GatewayOptions options)
    {
        if (options.Endpoints.Count == 0)
        {
            throw new GatewayConfigurationException("no address to listen on was given");
        }

        IPEndPoint? open = options.Endpoints.FirstOrDefault(endpoint => !IPAddress.IsLoopback(endpoint.Address));
        bool asksForNothing = options.ApiKeys.Count == 0 && options.ClusterSecret is null && options.Tls?.ClientAuthorityFile is null;
        if (open is not null && asksForNothing && !options.NoAuth)
        {
            throw new GatewayConfigurationException($"{open} can be reached by others: give an API key, or say explicitly that none is wanted");
        }

        if (options.ApiKeys.Any(string.IsNullOrWhiteSpace))
        {
            throw new GatewayConfigurationException("an API key is empty");
        }

        if (options.ClusterSecret is { } secret && secret.Reveal().Trim().Length < Secret.MinClusterCharacters)
        {
            throw new GatewayConfigurationException($"the cluster secret ({secret}) has fewer than {Secret.MinClusterCharacters} characters");
        }
    }

    private static void Configure(KestrelServerOptions kestrel, GatewayOptions options, TimeProvider time)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;
        kestrel.Limits.MaxConcurrentConnections = options.MaxConnections;
        kestrel.Limits.MaxRequestLineSize = 8 * 1024;
        kestrel.Limits.MaxRequestHeadersTotalSize = 32 * 1024;
        kestrel.Limits.MaxRequestHeaderCount = 100;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(130);
        foreach (IPEndPoint endpoint in options.Endpoints)
        {
            kestrel.Listen(endpoint, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                if (options.Tls is { } tls)
                {
                    ListenerTls.Apply(listen, tls, time, error => options.Say?.Invoke($"the renewed certificate cannot be used, and the one before stays: {error.Message}"));
                }
            });
        }
    }

    /// <summary>Leaves signals alone.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
