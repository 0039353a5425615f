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
        SslClientAuthenticationOptions options = new() { TargetHost = host };
        if (identity is null)
        {
            return options;
        }

        X509Certificate2 certificate = X509Certificate2.CreateFromPemFile(identity.CertificateFile, identity.KeyFile);
        options.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
        if (identity.ClientAuthorityFile is not null)
        {
            X509ChainPolicy policy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.ImportFromPemFile(identity.ClientAuthorityFile);
            options.CertificateChainPolicy = policy;
        }

        return options;
    }
}
