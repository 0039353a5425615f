using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Identity;

/// <summary>
/// TLS on a listener: our certificate, and where an authority is named, only callers whose certificate it signed (mTLS). Files that are renewed in place are
/// what new connections get, a moment later.
/// </summary>
internal static class ListenerTls
{
    /// <summary>Object identifier of the purpose that a certificate of a client states, RFC 5280.</summary>
    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");

    /// <param name="failed">Told why files that were renewed cannot be used; null where somebody else looks at them.</param>
    /// <exception cref="GatewayConfigurationException">A file is missing, or holds no certificate or key.</exception>
    public static void Apply(ListenOptions listen, TlsSettings tls, TimeProvider time, Action<Exception>? failed = null)
    {
        FollowedFiles<Credentials> files;
        try
        {
            files = new FollowedFiles<Credentials>(tls.Files, () => Load(tls), time, failed);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new GatewayConfigurationException($"TLS on {listen.IPEndPoint}: {error.Message}");
        }

        listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(Options(files.Current)) });
    }

    private static Credentials Load(TlsSettings tls)
    {
        X509Certificate2 certificate = X509Certificate2.CreateFromPemFile(tls.CertificateFile, tls.KeyFile);
        X509Certificate2Collection chain = [];
        chain.ImportFromPemFile(tls.CertificateFile);
        X509Certificate2Collection? trusted = null;
        if (tls.ClientAuthorityFile is string authority)
        {
            trusted = [];
            trusted.ImportFromPemFile(authority);
            if (trusted.Count == 0)
            {
                throw new GatewayConfigurationException($"{authority} holds no certificate");
            }
        }

        return new Credentials(SslStreamCertificateContext.Create(certificate, chain, offline: true), trusted);
    }

    private static SslServerAuthenticationOptions Options(Credentials shown) => new()
    {
        ServerCertificateContext = shown.Certificate,
        ApplicationProtocols = [SslApplicationProtocol.Http11],
        ClientCertificateRequired = shown.Trusted is not null,
        CertificateChainPolicy = shown.Trusted is { } trusted ? Policy(trusted) : null,
    };

    /// <summary>Nothing is fetched from the places that a certificate names: strangers would choose what we call, and hold the thread of many connections meanwhile.</summary>
    private static X509ChainPolicy Policy(X509Certificate2Collection trusted)
    {
        X509ChainPolicy policy = new()
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(trusted);
        policy.ApplicationPolicy.Add(ClientAuthentication);
        return policy;
    }

    /// <param name="Certificate">Ours, with those between it and its authority.</param>
    /// <param name="Trusted">Authorities of callers; null where none is asked for.</param>
    private sealed record Credentials(SslStreamCertificateContext Certificate, X509Certificate2Collection? Trusted);
}
