using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Tiercel.Gateway.Configuration;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Identity;

/// <summary>
/// The keys of one configuration. Immutable: a reload makes a new one, and a key that is not in it is dead for the next request.
/// Keys are known as SHA-256 only. Each look-up hashes what was sent and compares it with every place of one bucket, all buckets being of one size,
/// each comparison in full: a known key, an unknown one and a near miss cost the same.
/// </summary>
internal sealed class TenantDirectory
{
    /// <summary>Longest key in characters.</summary>
    public const int MaxKeyChars = 4096;

    private const int StackBytes = 512;

    private static readonly TenantSettings Everybody = new() { Name = "", Keys = [] };

    private readonly Caller[] _callers;
    private readonly byte[] _hashes;
    private readonly int[] _places;
    private readonly int _bucketMask;
    private readonly int _bucketSize;

    /// <exception cref="GatewayConfigurationException">Two keys are the same, or a hash is not a SHA-256.</exception>
    public TenantDirectory(IReadOnlyDictionary<string, TenantSettings> tenants)
    {
        (TenantSettings Tenant, KeySettings Key)[] keys = [.. tenants.Values.SelectMany(tenant => tenant.Keys.Select(key => (tenant, key)))];
        RequireDistinct(keys);
        IsOpen = tenants.Count == 0;
        _callers = [.. keys.Select(entry => new Caller(entry.Tenant, entry.Key.Name))];
        _bucketMask = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(1, keys.Length)) - 1;
        ILookup<int, int> buckets = Enumerable.Range(0, keys.Length).ToLookup(index => BucketOf(keys[index].Key.Sha256.Span));
        _bucketSize = Math.Max(1, buckets.Select(bucket => bucket.Count()).DefaultIfEmpty().Max());
        _places = new int[(_bucketMask + 1) * _bucketSize];
        _hashes = new byte[_places.Length * SHA256.HashSizeInBytes];
        Array.Fill(_places, -1);
        foreach (IGrouping<int, int> bucket in buckets)
        {
            int place = bucket.Key * _bucketSize;
            foreach (int index in bucket)
            {
                _places[place] = index;
                keys[index].Key.Sha256.Span.CopyTo(_hashes.AsSpan(place * SHA256.HashSizeInBytes));
                place++;
            }
        }
    }

    /// <summary>Whether no tenants are configured, so that no key is asked for and everybody is the tenant <c>""</c>.</summary>
    public bool IsOpen { get; }

    /// <summary>Finds who sent a request, by <c>Authorization: Bearer</c> or else <c>x-api-key</c>.</summary>
    public ApiError? Identify(IHeaderDictionary headers, out Caller caller)
    {
        caller = new Caller(Everybody, "");
        if (IsOpen)
        {
            return null;
        }

        ReadOnlySpan<char> bearer = Bearer(headers.Authorization);
        ReadOnlySpan<char> header = headers["x-api-key"].ToString();
        if (bearer.IsEmpty && header.IsEmpty)
        {
            return ApiErrors.InvalidApiKey(missing: true);
        }

        // Both are always looked up, so that the time does not tell whether the first one was right.
        int byBearer = Find(bearer);
        int byHeader = Find(header);
        int found = byBearer >= 0 ? byBearer : byHeader;
        if (found < 0)
        {
            return ApiErrors.InvalidApiKey(missing: false);
        }

        caller = _callers[found];
        return null;
    }

    private static ReadOnlySpan<char> Bearer(StringValues authorization)
    {
        const string Scheme = "Bearer ";
        ReadOnlySpan<char> text = authorization.ToString();
        return text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? text[Scheme.Length..].Trim() : [];
    }

    private static void RequireDistinct((TenantSettings Tenant, KeySettings Key)[] keys)
    {
        Dictionary<string, string> seen = [];
        foreach ((TenantSettings tenant, KeySettings key) in keys)
        {
            string name = $"{tenant.Name}/{key.Name}";
            if (key.Sha256.Length != SHA256.HashSizeInBytes)
            {
                throw new GatewayConfigurationException($"key {name}: its hash has {key.Sha256.Length} bytes, a SHA-256 has {SHA256.HashSizeInBytes}");
            }

            if (!seen.TryAdd(Convert.ToHexString(key.Sha256.Span), name))
            {
                throw new GatewayConfigurationException($"keys {seen[Convert.ToHexString(key.Sha256.Span)]} and {name} are the same key");
            }
        }
    }

    /// <summary>The first bits of a SHA-256 tell nobody anything who does not have the key.</summary>
    private int BucketOf(ReadOnlySpan<byte> hash) => System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(hash) & _bucketMask;

    /// <returns>Index of the caller, or -1.</returns>
    private int Find(ReadOnlySpan<char> key)
    {
        if (key.IsEmpty || key.Length > MaxKeyChars)
        {
            return -1;
        }

        Span<byte> buffer = stackalloc byte[StackBytes];
        int longest = Encoding.UTF8.GetMaxByteCount(key.Length);
        Span<byte> bytes = longest <= StackBytes ? buffer : new byte[longest];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        int length = Encoding.UTF8.GetBytes(key, bytes);
        SHA256.HashData(bytes[..length], hash);
        CryptographicOperations.ZeroMemory(bytes[..length]);
        int found = -1;
        int first = BucketOf(hash) * _bucketSize;
        for (int place = first; place < first + _bucketSize; place++)
        {
            bool equal = CryptographicOperations.FixedTimeEquals(hash, _hashes.AsSpan(place * SHA256.HashSizeInBytes, SHA256.HashSizeInBytes));
            found = equal ? _places[place] : found;
        }

        return found;
    }
}
