using System.Globalization;
using System.Text;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Upstreams.Scanning;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Upstreams;

/// <summary>From what went wrong upstream to what the client is told, and whether another try may help.</summary>
internal static class ForeignErrors
{
    /// <summary>The longest wait that is passed on.</summary>
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromHours(1);

    /// <summary>How much of an upstream's own words is quoted, in characters.</summary>
    private const int LongestQuote = 500;

    /// <summary>Whether another replica, or a later try, may answer what this one did not.</summary>
    public static bool IsRetryable(int status) => status is 408 or 429 or 500 or 502 or 503 or 504;

    /// <summary>Whether a Tiercel worker says that it is shutting down.</summary>
    /// <param name="body">Of its answer.</param>
    public static bool IsDraining(int status, ReadOnlySpan<byte> body)
    {
        if (status != 503)
        {
            return false;
        }

        _ = ReadMessage(body, out _, out string? code);
        return code == ApiErrors.DrainingCode;
    }

    /// <summary>Whether another replica may answer what this one did not. Answers that make no sense would make none elsewhere if the request is the cause.</summary>
    public static bool IsRetryable(UpstreamFailure failure) => failure.Kind is not (UpstreamFailureKind.Malformed or UpstreamFailureKind.TooLong);

    /// <summary>The error for a failure without an answer.</summary>
    public static ApiError From(UpstreamFailure failure) => failure.Kind switch
    {
        UpstreamFailureKind.FirstByteTimeout or UpstreamFailureKind.IdleTimeout => ApiErrors.UpstreamTimeout($"The engine did not answer in time: {failure.Detail}."),
        UpstreamFailureKind.Malformed or UpstreamFailureKind.TooLong => ApiErrors.UpstreamBroken($"The engine's answer makes no sense: {failure.Detail}."),
        UpstreamFailureKind.Reset => ApiErrors.UpstreamLost("The connection to the engine broke before the answer was complete."),
        UpstreamFailureKind.Saturated => ApiErrors.Overloaded("The engine has all the requests that it takes."),
        _ => ApiErrors.UpstreamUnavailable(),
    };

    /// <summary>The error for an answer with an error status.</summary>
    /// <param name="forward">Whether the body is OpenAI's error shape and can go to the client as it is, with <paramref name="status"/>.</param>
    public static ApiError From(int status, TimeSpan? retryAfter, ReadOnlySpan<byte> body, out bool forward)
    {
        string? message = ReadMessage(body, out bool isOpenAI, out _);

        // What the gateway itself did wrong (its key, its path) is nothing that the client can mend, and may tell what it should not know.
        bool isOurs = status is 401 or 403 or 404 or 405 or 407 or 415;
        forward = isOpenAI && status is >= 400 and < 500 && !isOurs;
        return status switch
        {
            429 => ApiErrors.UpstreamBusy(retryAfter),
            503 or 529 => ApiErrors.UpstreamUnavailable(retryAfter),
            408 or 504 => ApiErrors.UpstreamTimeout("The engine did not answer in time, as it says itself."),
            >= 400 and < 500 when !isOurs => ApiErrors.UpstreamRefused(message ?? "it gives no reason", status),
            >= 400 and < 500 => ApiErrors.UpstreamBroken($"The engine refuses the gateway with status {status}."),
            _ => ApiErrors.UpstreamBroken($"The engine answered with status {status}."),
        };
    }

    /// <summary>An upstream's own words, or nothing where they quote the key that it was shown: some do when they refuse it.</summary>
    public static byte[] WithoutKey(byte[] words, Secret? key) =>
        key is not null && words.AsSpan().IndexOf(Encoding.UTF8.GetBytes(key.Reveal())) >= 0 ? [] : words;

    internal static TimeSpan? ParseRetryAfter(string value) =>
        double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) && seconds >= 0
            ? TimeSpan.FromSeconds(Math.Min(seconds, LongestRetryAfter.TotalSeconds))
            : null;

    /// <summary>Finds the message in the shapes that engines use: OpenAI's, a bare message, FastAPI's detail.</summary>
    private static string? ReadMessage(ReadOnlySpan<byte> body, out bool isOpenAI, out string? code)
    {
        isOpenAI = false;
        code = null;
        string? message = null;
        JsonCursor json = new(body);
        bool isFirst = true;
        if (json.Peek() != '{')
        {
            return null;
        }

        _ = json.Enter((byte)'{');
        while (json.NextProperty(ref isFirst, out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("error"u8) && json.Peek() == '{')
            {
                message = ReadInner(ref json, ref code) ?? message;
                isOpenAI = message is not null;
            }
            else if ((name.SequenceEqual("error"u8) || name.SequenceEqual("message"u8) || name.SequenceEqual("detail"u8)) && json.Peek() == '"')
            {
                message ??= Quote(json.ReadText());
            }
            else
            {
                _ = json.Skip();
            }
        }

        isOpenAI &= json.IsAtEnd();
        return json.Failed ? null : message;
    }

    private static string? ReadInner(ref JsonCursor json, ref string? code)
    {
        string? message = null;
        bool isFirst = true;
        _ = json.Enter((byte)'{');
        while (json.NextProperty(ref isFirst, out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("message"u8) && json.Peek() == '"')
            {
                message = Quote(json.ReadText());
            }
            else if (name.SequenceEqual("code"u8) && json.Peek() == '"')
            {
                code = Quote(json.ReadText());
            }
            else
            {
                _ = json.Skip();
            }
        }

        return message;
    }

    private static string? Quote(string? text)
    {
        if (text is null || text.Length <= LongestQuote)
        {
            return text;
        }

        return new StringBuilder(text, 0, char.IsHighSurrogate(text[LongestQuote - 1]) ? LongestQuote - 1 : LongestQuote, LongestQuote + 1).Append('…').ToString();
    }
}
