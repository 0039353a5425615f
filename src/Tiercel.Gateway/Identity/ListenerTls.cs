using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Identity;

/// <summary>TLS on a listener: our certificate, and where an authority is named, only callers whose certificate it signed (mTLS).</summary>
internal static class ListenerTls
{
    /// <summary>Object identifier of the purpose that a certificate of a client states, RFC 5280.</summary>
    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");

    /// <exception cref="GatewayConfigurationException">A file is missing, or holds no certificate or key.</exception>
    public static void Apply(ListenOptions listen, TlsSettings tls)
    {
        HttpsConnectionAdapterOptions https = new();
        try
        {
            https.ServerCertificate = X509Certificate2.CreateFromPemFile(tls.CertificateFile, tls.KeyFile);
            https.ServerCertificateChain = [];
            https.ServerCertificateChain.ImportFromPemFile(tls.CertificateFile);
            if (tls.ClientAuthorityFile is string authority)
            {
                X509Certificate2Collection trusted = [];
                trusted.ImportFromPemFile(authority);
                if (trusted.Count == 0)
                {
                    throw new GatewayConfigurationException($"{authority} holds no certificate");
                }

                https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                https.ClientCertificateValidation = (certificate, sent, _) => IsSignedBy(trusted, certificate, sent);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new GatewayConfigurationException($"TLS on {listen.IPEndPoint}: {error.Message}");
        }

        listen.UseHttps(https);
    }

    private static bool IsSignedBy(X509Certificate2Collection trusted, X509Certificate2 certificate, X509Chain? sent)
    {
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(trusted);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(ClientAuthentication);
        foreach (X509ChainElement element in sent?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
        {
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        }

        return chain.Build(certificate);
    }
}
