using System.Globalization;
using Microsoft.AspNetCore.Http;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Admission;

/// <summary>Whether a tenant may go on, and what its client is told of the limits either way.</summary>
/// <param name="Hit">The limit that refused, or <see cref="LimitKind.None"/>.</param>
/// <param name="Error">What the client gets when refused.</param>
/// <param name="Requests">The rate of requests; null where it is not limited.</param>
/// <param name="Tokens">The rate of tokens; null where it is not limited.</param>
internal readonly record struct LimitDecision(LimitKind Hit, ApiError? Error, RateWindow? Requests, RateWindow? Tokens)
{
    public bool Allowed => Hit == LimitKind.None;

    /// <summary>Sets the headers of the rates that are limited. <c>Retry-After</c> comes with the error.</summary>
    public void WriteHeaders(IHeaderDictionary headers)
    {
        if (Requests is RateWindow requests)
        {
            headers["x-ratelimit-limit-requests"] = Text(requests.Limit);
            headers["x-ratelimit-remaining-requests"] = Text(requests.Remaining);
            headers["x-ratelimit-reset-requests"] = Text(requests.Reset);
        }

        if (Tokens is RateWindow tokens)
        {
            headers["x-ratelimit-limit-tokens"] = Text(tokens.Limit);
            headers["x-ratelimit-remaining-tokens"] = Text(tokens.Remaining);
            headers["x-ratelimit-reset-tokens"] = Text(tokens.Reset);
        }
    }

    /// <summary>A duration as OpenAI writes it: <c>1m2.5s</c>, <c>12ms</c>.</summary>
    internal static string Text(TimeSpan reset)
    {
        long milliseconds = (long)Math.Ceiling(Math.Max(0, reset.TotalMilliseconds));
        if (milliseconds < 1000)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{milliseconds}ms");
        }

        long minutes = milliseconds / 60_000;
        decimal seconds = milliseconds % 60_000 / 1000m;
        return minutes == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{seconds:0.###}s")
            : string.Create(CultureInfo.InvariantCulture, $"{minutes}m{seconds:0.###}s");
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
