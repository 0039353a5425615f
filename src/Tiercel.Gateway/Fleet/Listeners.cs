using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Fleet;

/// <summary>How the gateway listens: limits for every connection, TLS where it is configured.</summary>
internal static class Listeners
{
    public static void Configure(KestrelServerOptions kestrel, FleetConfiguration configuration)
    {
        kestrel.AddServerHeader = false;
        kestrel.AllowSynchronousIO = false;
        kestrel.Limits.MaxRequestBodySize = configuration.Limits.MaxBodyBytes;
        kestrel.Limits.MaxConcurrentConnections = configuration.Limits.MaxConnections;
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
                    listen.UseHttps(https => Secure(https, tls));
                }
            });
        }
    }

    /// <exception cref="GatewayConfigurationException">A file is missing or holds no certificate.</exception>
    private static void Secure(HttpsConnectionAdapterOptions https, TlsSettings tls)
    {
        https.ServerCertificate = X509Certificate2.CreateFromPemFile(tls.CertificateFile, tls.KeyFile);
        if (tls.ClientAuthorityFile is not string authority)
        {
            return;
        }

        X509Certificate2Collection trusted = [];
        trusted.ImportFromPemFile(authority);
        https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
        https.ClientCertificateValidation = (certificate, _, _) =>
        {
            using X509Chain chain = new();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(trusted);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            return chain.Build(certificate);
        };
    }
}
