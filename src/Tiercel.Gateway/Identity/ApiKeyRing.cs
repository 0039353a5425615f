using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Identity;

/// <summary>Knows keys only as hashes, and compares each one in full: the time says nothing about how close a guess was.</summary>
internal sealed class ApiKeyRing
{
    private const int MaxKeyChars = 4096;
    private readonly byte[][] _hashes;

    public ApiKeyRing(IReadOnlyList<string> keys)
    {
        _hashes = [.. keys.Select(Hash)];
    }

    /// <summary>Finds the tenant of a request: a name made from the hash of its key, or an empty one where no keys are asked for.</summary>
    public ApiError? Identify(HttpRequest request, out string tenant)
    {
        tenant = "";
        if (_hashes.Length == 0)
        {
            return null;
        }

        string? bearer = Bearer(request.Headers.Authorization.ToString());
        string? header = request.Headers["x-api-key"].ToString();
        if (string.IsNullOrEmpty(bearer) && string.IsNullOrEmpty(header))
        {
            return ApiErrors.InvalidApiKey(missing: true);
        }

        return Matches(bearer, out tenant) || Matches(header, out tenant) ? null : ApiErrors.InvalidApiKey(missing: false);
    }

    private static string? Bearer(string authorization) =>
        authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? authorization["Bearer ".Length..].Trim() : null;

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    private bool Matches(string? key, out string tenant)
    {
        tenant = "";
        if (string.IsNullOrEmpty(key) || key.Length > MaxKeyChars)
        {
            return false;
        }

        byte[] hash = Hash(key);
        bool found = false;
        foreach (byte[] known in _hashes)
        {
            found |= CryptographicOperations.FixedTimeEquals(hash, known);
        }

        tenant = found ? Convert.ToHexStringLower(hash.AsSpan(0, 8)) : "";
        return found;
    }
}
