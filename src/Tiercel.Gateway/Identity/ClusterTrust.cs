using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Identity;

/// <summary>Whether a caller belongs to the cluster: it shows the secret, or a certificate that the listener has already checked.</summary>
internal static class ClusterTrust
{
    private const string Scheme = "Bearer ";

    /// <param name="secret">Null: nobody is trusted by secret.</param>
    public static bool IsTrusted(HttpRequest request, Secret? secret)
    {
        string authorization = request.Headers.Authorization.ToString();
        if (secret is null || !authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        // Hashes have one length, so that the comparison takes the same time whatever was sent.
        byte[] shown = SHA256.HashData(Encoding.UTF8.GetBytes(authorization[Scheme.Length..].Trim()));
        byte[] known = SHA256.HashData(Encoding.UTF8.GetBytes(secret.Reveal()));
        return CryptographicOperations.FixedTimeEquals(shown, known);
    }
}
