using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Upstreams.Http;

/// <summary>How an upstream's certificate is checked, and which one it is shown.</summary>
internal static class UpstreamTls
{
    /// <param name="identity">Our certificate, and the only authority that is believed; null for none and the system's.</param>
    public static SslClientAuthenticationOptions Options(string host, TlsSettings? identity)
    {
        // Nothing is fetched from the places that a certificate names, which would hold the thread of many connections: servers send what their chain needs.
        X509ChainPolicy policy = new() { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        SslClientAuthenticationOptions options = new() { TargetHost = host, CertificateChainPolicy = policy };
        if (identity is null)
        {
            return options;
        }

        X509Certificate2 certificate = X509Certificate2.CreateFromPemFile(identity.CertificateFile, identity.KeyFile);
        options.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
        if (identity.ClientAuthorityFile is not null)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.ImportFromPemFile(identity.ClientAuthorityFile);
        }

        return options;
    }
}
