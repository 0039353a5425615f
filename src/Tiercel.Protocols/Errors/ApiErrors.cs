using Tiercel.Engine;

namespace Tiercel.Protocols.Errors;

/// <summary>The one table of errors: what went wrong → status, type, code, retry class. Nothing else in the program builds an <see cref="ApiError"/>.</summary>
public static partial class ApiErrors
{
    private const string Invalid = "invalid_request_error";
    private const string Server = "server_error";
    private static readonly TimeSpan QueueRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DrainRetry = TimeSpan.FromSeconds(5);

    public static ApiError MalformedJson(string detail) => new(400, Invalid, "invalid_json", $"The body is not valid JSON: {detail}");

    public static ApiError InvalidValue(string parameter, string message) => new(400, Invalid, "invalid_value", message, parameter);

    public static ApiError InvalidType(string parameter, string expected) =>
        new(400, Invalid, "invalid_type", $"'{parameter}' must be {expected}.", parameter);

    public static ApiError MissingParameter(string parameter) =>
        new(400, Invalid, "missing_required_parameter", $"Missing required parameter: '{parameter}'.", parameter);

    public static ApiError UnknownParameter(string parameter) =>
        new(400, Invalid, "unknown_parameter", $"Unknown parameter: '{parameter}'. Nothing is ignored silently: remove it, or correct its name.", parameter);

    public static ApiError DuplicateParameter(string parameter) =>
        new(400, Invalid, "duplicate_parameter", $"'{parameter}' occurs twice.", parameter);

    public static ApiError UnsupportedParameter(string parameter, string reason) =>
        new(400, Invalid, "unsupported_parameter", $"'{parameter}' is not supported here: {reason}", parameter);

    public static ApiError UnsupportedValue(string parameter, string reason) =>
        new(400, Invalid, "unsupported_value", $"This value of '{parameter}' is not supported: {reason}", parameter);

    public static ApiError ContextLengthExceeded(string parameter, string message) =>
        new(400, Invalid, "context_length_exceeded", message, parameter);

    /// <summary>The template refused the messages (roles in the wrong order, say).</summary>
    public static ApiError MessagesRefused(string message) =>
        new(400, Invalid, "invalid_messages", $"The model's chat template refuses these messages: {message}", "messages");

    /// <summary>
    /// The template was legal when the model was loaded, so what makes it fail is what it was given: a variable of the wrong kind, or more than its limits allow.
    /// </summary>
    public static ApiError TemplateFailed(string message) =>
        new(400, Invalid, "chat_template_failed", $"The model's chat template fails on these messages: {message}", "messages");

    public static ApiError NotSupportedByModel(string message, string? parameter) =>
        new(400, Invalid, "unsupported_by_model", message, parameter);

    public static ApiError InvalidHeader(string header, string message) => new(400, Invalid, "invalid_header", message, header);

    public static ApiError InvalidApiKey(bool missing) => new(
        401,
        Invalid,
        "invalid_api_key",
        missing
            ? "No API key was sent. Send it as 'Authorization: Bearer KEY' or 'x-api-key: KEY'."
            : "Incorrect API key.");

    /// <summary>Of <c>/metrics</c> that have a key.</summary>
    public static ApiError InvalidMetricsKey() => new(401, Invalid, "invalid_api_key", "These metrics have a key of their own. Send it as 'Authorization: Bearer KEY'.");

    public static ApiError NotOfTheFleet() =>
        new(401, Invalid, "not_of_the_fleet", "This answers gateways of its own fleet only, and the request shows neither their secret nor their certificate.");

    public static ApiError HostRefused() => new(
        403,
        Invalid,
        "host_not_allowed",
        "This server answers only to the names it was told. Use localhost or 127.0.0.1, or allow the name when starting the server.");

    public static ApiError OriginRefused() =>
        new(403, Invalid, "origin_not_allowed", "Web pages of this origin may not call this server. Allow the origin when starting the server.");

    public static ApiError ModelNotFound(string model) =>
        new(404, Invalid, "model_not_found", $"The model '{model}' does not exist here. GET /v1/models lists what does.", "model");

    public static ApiError PathNotFound() => new(404, Invalid, "unknown_url", "No such path. GET / lists the paths of this server.");

    /// <summary>Said to callers of the fleet only, so that a path that exists is not told to be none.</summary>
    public static ApiError RequestNotKept() =>
        new(404, Invalid, "request_not_kept", "No request of this id is kept here: the last ones that were admitted are, once they have ended.");

    /// <inheritdoc cref="RequestNotKept" />
    public static ApiError UpstreamNotFound() => new(404, Invalid, "upstream_not_found", "No upstream has this name. GET /internal/fleet lists them.");

    public static ApiError MethodNotAllowed(string allowed) =>
        new(405, Invalid, "method_not_allowed", $"This path answers to {allowed} only.");

    public static ApiError BodyTimeout() => new(408, Invalid, "request_timeout", "The body did not arrive in time.");

    public static ApiError BodyTooLarge(long limitBytes) =>
        new(413, Invalid, "request_too_large", $"The body is larger than {limitBytes} bytes, the limit of this server.");

    public static ApiError BodyBroken() => new(400, Invalid, "invalid_body", "The body ended early or was not framed as HTTP requires.");

    public static ApiError NotJson() => new(
        415,
        Invalid,
        "unsupported_media_type",
        "Send the body as JSON, with 'Content-Type: application/json' and no Content-Encoding.");

    public static ApiError Overloaded(string message) => new(503, Server, "overloaded", message, Retry: RetryClass.Later, RetryAfter: QueueRetry);

    public static ApiError Draining() =>
        new(503, Server, DrainingCode, "The server is shutting down and takes no new requests.", Retry: RetryClass.Later, RetryAfter: DrainRetry);

    public static ApiError Interrupted() =>
        new(503, Server, "interrupted", "The server stopped before the answer was complete.", Retry: RetryClass.Later, RetryAfter: DrainRetry);

    public static ApiError Internal(string message) => new(500, Server, "internal_error", message);

    /// <summary>Says an engine's refusal or failure in the words of the API.</summary>
    /// <param name="error">What the engine said.</param>
    /// <param name="promptParameter">What the API calls the prompt: <c>messages</c>, <c>prompt</c>, <c>input</c>.</param>
    public static ApiError From(EngineError error, string promptParameter)
    {
        string? parameter = error.Parameter is null ? null : ParameterName(error.Parameter, promptParameter);
        return error.Kind switch
        {
            EngineErrorKind.InvalidRequest => new(400, Invalid, "invalid_value", error.Message, parameter),
            EngineErrorKind.ContextLengthExceeded => ContextLengthExceeded(promptParameter, error.Message),
            EngineErrorKind.NotSupported => NotSupportedByModel(error.Message, parameter),
            EngineErrorKind.QueueFull => Overloaded(error.Message),
            EngineErrorKind.Draining => Draining(),
            EngineErrorKind.Internal => Internal(error.Message),
            _ => Internal(error.Message),
        };
    }

    /// <summary>The engine uses the names of the API, but knows one kind of prompt and scores prompts apart from answers.</summary>
    private static string ParameterName(string engineName, string promptParameter) => engineName switch
    {
        "prompt" or "input" => promptParameter,
        "prompt_logprobs" => "logprobs",
        "dry_window" => "dry_penalty_last_n",
        "dry_breakers" => "dry_sequence_breakers",
        _ => engineName,
    };
}
