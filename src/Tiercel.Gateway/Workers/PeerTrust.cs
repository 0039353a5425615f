using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Tiercel.Gateway.Workers;

/// <summary>
/// Tells the gateways of the fleet from everybody else: by the cluster secret as a bearer token, or by a client certificate that the listener has checked against
/// the cluster's authority. The secret is kept as its hash and compared in full.
/// </summary>
internal sealed class PeerTrust
{
    private const int MaxTokenChars = 4096;
    private readonly byte[]? _secret;
    private readonly bool _certificates;

    public PeerTrust(GatewayOptions options)
    {
        _secret = options.ClusterSecret is null ? null : Hash(options.ClusterSecret.Reveal().Trim());
        _certificates = options.Tls?.ClientAuthorityFile is not null;
    }

    /// <summary>Whether there is anybody to be trusted.</summary>
    public bool IsConfigured => _secret is not null || _certificates;

    public bool Trusts(HttpContext context)
    {
        if (_certificates && context.Connection.ClientCertificate is not null)
        {
            return true;
        }

        const string Scheme = "Bearer ";
        string authorization = context.Request.Headers.Authorization.ToString();
        return _secret is not null
            && authorization.Length <= MaxTokenChars
            && authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(_secret, Hash(authorization[Scheme.Length..].Trim()));
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
