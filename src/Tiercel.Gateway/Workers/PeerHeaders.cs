using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Workers;

/// <summary>What a trusted gateway says about a request in its <c>x-tiercel-*</c> headers. From anybody else they are never read.</summary>
internal sealed record PeerHeaders
{
    private const int MaxChars = 256;

    /// <summary>Id of the answer.</summary>
    public string? AnswerId { get; init; }

    /// <summary>When the request came in; what is rendered into a prompt as the time of day, too.</summary>
    public DateTimeOffset? Created { get; init; }

    /// <summary>Used where the body has no seed.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Cached prefixes are shared within it only.</summary>
    public string Tenant { get; init; } = "";

    public int? Priority { get; init; }

    /// <summary>The gateway's number of the request.</summary>
    public long? Request { get; init; }

    /// <summary>Whether chunks of a stream list their tokens.</summary>
    public bool WantsTokens { get; init; }

    public static bool TryRead(IHeaderDictionary headers, [NotNullWhen(true)] out PeerHeaders? read, [NotNullWhen(false)] out ApiError? error)
    {
        read = null;
        ApiError? wrong = null;
        string? id = Text("x-tiercel-id");
        string? tenant = Text("x-tiercel-tenant");
        long? created = Number("x-tiercel-created", 0, DateTimeOffset.MaxValue.ToUnixTimeSeconds());
        long? priority = Number("x-tiercel-priority", -1000, 1000);
        long? request = Number("x-tiercel-request", 0, long.MaxValue);
        string? tokens = Text("x-tiercel-tokens");
        ulong? seed = null;
        if (Text("x-tiercel-seed") is string digits)
        {
            if (ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number))
            {
                seed = number;
            }
            else
            {
                wrong ??= Invalid("x-tiercel-seed", "a 64-bit number");
            }
        }

        if (tokens is not (null or "0" or "1"))
        {
            wrong ??= Invalid("x-tiercel-tokens", "0 or 1");
        }

        if (wrong is not null)
        {
            error = wrong;
            return false;
        }

        error = null;

        read = new PeerHeaders
        {
            AnswerId = id,
            Tenant = tenant ?? "",
            Created = created is long seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null,
            Priority = (int?)priority,
            Request = request,
            WantsTokens = tokens is "1",
            Seed = seed,
        };
        return true;

        string? Text(string name)
        {
            string value = headers[name].ToString();
            if (value.Length > MaxChars || value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            {
                wrong ??= Invalid(name, $"at most {MaxChars} printable ASCII characters");
            }

            return value.Length == 0 ? null : value;
        }

        long? Number(string name, long min, long max)
        {
            if (Text(name) is not string digits)
            {
                return null;
            }

            if (long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) && number >= min && number <= max)
            {
                return number;
            }

            wrong ??= Invalid(name, $"a number from {min} to {max}");
            return null;
        }
    }

    private static ApiError Invalid(string name, string expected) => ApiErrors.InvalidHeader(name, $"'{name}' must be {expected}.");
}
