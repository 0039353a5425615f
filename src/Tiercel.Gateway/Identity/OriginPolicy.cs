using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Tiercel.Gateway.Identity;

/// <summary>Which web pages may read answers. Without allowed origins no header of CORS is ever sent, and browsers keep other pages out.</summary>
internal sealed class OriginPolicy
{
    private const int MaxRequestedHeaderChars = 1024;
    private readonly HashSet<string> _allowed;

    public OriginPolicy(IReadOnlyList<string> allowedOrigins)
    {
        _allowed = new HashSet<string>(allowedOrigins.Select(origin => origin.TrimEnd('/')), StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Adds what lets an allowed page read the answer. False for the origin of a page that is not allowed.</summary>
    public bool Apply(HttpContext context)
    {
        string origin = context.Request.Headers.Origin.ToString();
        if (origin.Length == 0 || !(_allowed.Contains("*") || _allowed.Contains(origin)))
        {
            return origin.Length == 0;
        }

        IHeaderDictionary headers = context.Response.Headers;
        headers.AccessControlAllowOrigin = _allowed.Contains("*") ? "*" : origin;
        headers.AccessControlExposeHeaders = "x-request-id, retry-after, x-should-retry";
        headers.Append("Vary", "Origin");
        return true;
    }

    /// <summary>Answers the question that a browser asks before a request.</summary>
    public static void AnswerPreflight(HttpContext context)
    {
        IHeaderDictionary headers = context.Response.Headers;
        string requested = context.Request.Headers.AccessControlRequestHeaders.ToString();
        bool plain = requested.Length <= MaxRequestedHeaderChars
            && requested.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or ',' or ' ');
        headers.AccessControlAllowMethods = "GET, POST, OPTIONS";
        headers.AccessControlAllowHeaders = plain && requested.Length > 0 ? requested : "authorization, content-type, x-api-key, x-request-id";
        headers.AccessControlMaxAge = TimeSpan.FromHours(1).TotalSeconds.ToString(CultureInfo.InvariantCulture);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }
}
