namespace Tiercel.Protocols.Errors;

/// <summary>An error of the API: what the wire says about a refusal or a failure. Made only by <see cref="ApiErrors"/>.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Type">OpenAI's coarse class of error.</param>
/// <param name="Code">OpenAI's code, or ours where it has none; always a string, never the HTTP status.</param>
/// <param name="Message">One or two sentences for the person who reads them.</param>
/// <param name="Parameter">The path of the field that was wrong (<c>messages[2].content</c>), or null.</param>
/// <param name="Retry">Whether the same request may succeed later.</param>
/// <param name="RetryAfter">When, for <see cref="RetryClass.Later"/>.</param>
public sealed record ApiError(
    int Status,
    string Type,
    string Code,
    string Message,
    string? Parameter = null,
    RetryClass Retry = RetryClass.Never,
    TimeSpan? RetryAfter = null);
