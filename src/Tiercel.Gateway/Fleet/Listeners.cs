using Microsoft.AspNetCore.Server.Kestrel.Core;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Identity;

namespace Tiercel.Gateway.Fleet;

/// <summary>How the gateway listens: limits for every connection, TLS where it is configured.</summary>
internal static class Listeners
{
    /// <summary>What is received of a body before it is read: more only fills memory with bytes that wait, once for each connection.</summary>
    private const int MaxUnreadBytes = 256 * 1024;

    public static void Configure(KestrelServerOptions kestrel, FleetConfiguration configuration, TimeProvider time)
    {
        kestrel.AddServerHeader = false;
        kestrel.AllowSynchronousIO = false;
        kestrel.Limits.MaxRequestBodySize = configuration.Limits.MaxBodyBytes;
        kestrel.Limits.MaxConcurrentConnections = configuration.Limits.MaxConnections;
        kestrel.Limits.MaxRequestBufferSize = MaxUnreadBytes;
        kestrel.Limits.MaxRequestLineSize = 8 * 1024;
        kestrel.Limits.MaxRequestHeadersTotalSize = 32 * 1024;
        kestrel.Limits.MaxRequestHeaderCount = 100;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(130);
        foreach (ListenerSettings listener in configuration.Listeners)
        {
            kestrel.Listen(listener.Address, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                if (listener.Tls is TlsSettings tls)
                {
                    ListenerTls.Apply(listen, tls, time);
                }
            });
        }
    }
}
