using System.Globalization;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Upstreams;

/// <summary>From what went wrong upstream to what the client is told, and whether another try may help.</summary>
internal static class ForeignErrors
{
    /// <summary>The longest wait that is passed on.</summary>
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromHours(1);

    /// <summary>Whether another replica, or a later try, may answer what this one did not.</summary>
    public static bool IsRetryable(int status) => status is 408 or 429 or 500 or 502 or 503 or 504;

    /// <summary>Whether the same request may be sent elsewhere without a person noticing.</summary>
    public static bool IsRetryable(UpstreamFailure failure) => failure.Kind is not (UpstreamFailureKind.Malformed or UpstreamFailureKind.TooLong);

    /// <summary>The error for a failure without an answer.</summary>
    public static ApiError From(UpstreamFailure failure) => throw new NotImplementedException(failure.Detail);

    /// <summary>The error for an answer with an error status.</summary>
    /// <param name="forward">Whether the body is OpenAI's error shape and can go to the client as it is, with <paramref name="status"/>.</param>
    public static ApiError From(int status, TimeSpan? retryAfter, ReadOnlySpan<byte> body, out bool forward) =>
        throw new NotImplementedException($"{status}{retryAfter}");

    internal static TimeSpan? ParseRetryAfter(string value) =>
        double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) && seconds >= 0
            ? TimeSpan.FromSeconds(Math.Min(seconds, LongestRetryAfter.TotalSeconds))
            : null;
}
