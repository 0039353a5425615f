using System.Buffers;
using System.Text;
using System.Text.Json;
using Tiercel.Gateway.Health;
using Tiercel.Gateway.Recovery;
using Tiercel.Gateway.Upstreams;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Fleet;

/// <summary>Reads the error object that an engine put into a stream, and who is to blame for it.</summary>
internal static class ErrorEvents
{
    private const int MaxMessageChars = 500;

    /// <summary>As with errors that come as HTTP: what the gateway did wrong is not the client's to know, and a foreign engine's words about its own failure may say anything.</summary>
    /// <param name="bytes">The event, framing included.</param>
    /// <param name="replica">Where it came from.</param>
    public static AttemptEnd Read(in ReadOnlySequence<byte> bytes, Replica replica)
    {
        (string type, string code, string message) = Parse(ForeignErrors.WithoutKey(bytes.ToArray(), replica.Settings.Key));
        bool isOurs = type is "authentication_error" or "permission_error" or "not_found_error" || code is "401" or "403" or "404" or "invalid_api_key";
        bool request = !isOurs && (type is "invalid_request_error" or "BadRequestError" or "exceed_context_size_error" || code is "400" or "413" or "422");
        ApiError error = request ? ApiErrors.UpstreamRefused(message)
            : isOurs ? ApiErrors.UpstreamBroken("The engine refuses the gateway in the middle of an answer.")
            : ApiErrors.UpstreamFailed(replica.IsTiercel ? message : "");
        return request
            ? new AttemptEnd(AttemptOutcome.ClientError, StreamFailure.RequestError, error)
            : new AttemptEnd(AttemptOutcome.ServerError, StreamFailure.ServerError, error);
    }

    private static (string Type, string Code, string Message) Parse(byte[] bytes)
    {
        string text = Encoding.UTF8.GetString(bytes);
        int start = text.IndexOf('{', StringComparison.Ordinal);
        int end = text.LastIndexOf('}');
        if (start >= 0 && end > start)
        {
            try
            {
                JsonElement root = JsonElement.Parse(text[start..(end + 1)]);
                JsonElement error = root.TryGetProperty("error", out JsonElement inner) && inner.ValueKind == JsonValueKind.Object ? inner : root;
                return (Field(error, "type"), Field(error, "code"), Field(error, "message"));
            }
            catch (JsonException)
            {
                // Told below: an error whose text cannot be read is still an error.
            }
        }

        return ("", "", "");
    }

    private static string Field(JsonElement error, string name)
    {
        string text = error.TryGetProperty(name, out JsonElement value)
            ? value.ValueKind == JsonValueKind.String ? value.GetString()! : value.ValueKind == JsonValueKind.Number ? value.GetRawText() : ""
            : "";
        return text.Length <= MaxMessageChars ? text : text[..MaxMessageChars];
    }
}
