using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using Tiercel.Gateway.Upstreams.Scanning;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Upstreams;

/// <summary>
/// Reads of a request's body what is routed on, in one pass, and leaves everything else alone. A field that is routed on must be there once: two readers could
/// take two different ones.
/// </summary>
internal static class BodyScanner
{
    private const int LongestLabel = 1024;
    private const int LongestModel = 256;
    private const int MostChoices = 128;
    private const int MostPrompts = 2048;

    public static bool TryScan(
        ReadOnlySpan<byte> body, BodyKind kind, [NotNullWhen(true)] out ScannedBody? scanned, [NotNullWhen(false)] out ApiError? error)
    {
        scanned = null;
        ScannedBody result = new();
        JsonCursor json = new(body);
        error = json.Peek() == '{' ? ReadFields(ref json, kind, result) : ApiErrors.MalformedJson("it must be one JSON object.");
        if (json.Failed || (error is null && !json.IsAtEnd()))
        {
            error = ApiErrors.MalformedJson((json.IsTooDeep ? $"values are nested more than {JsonCursor.MaxDepth} deep at " : "") + Place(body, json.Position));
        }

        if (error is null && result.Prompt.IsEmpty)
        {
            error = ApiErrors.MissingParameter(RoutedFieldNames.Name(RoutedFields.Prompt, kind));
        }

        scanned = error is null ? result : null;
        return scanned is not null;
    }

    private static ApiError? ReadFields(ref JsonCursor json, BodyKind kind, ScannedBody result)
    {
        _ = json.Enter((byte)'{');
        result.FirstField = json.Position;
        RoutedFields seen = RoutedFields.None;
        bool isFirst = true;
        while (json.NextProperty(ref isFirst, out ReadOnlySpan<byte> name))
        {
            RoutedFields field = RoutedFieldNames.Find(name, kind);
            if (field == RoutedFields.None)
            {
                _ = json.Skip();
                continue;
            }

            if ((seen & field) != RoutedFields.None)
            {
                return ApiErrors.DuplicateParameter(RoutedFieldNames.Name(field, kind));
            }

            seen |= field;
            if (ReadField(ref json, field, kind, result) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    private static ApiError? ReadField(ref JsonCursor json, RoutedFields field, BodyKind kind, ScannedBody result)
    {
        byte next = json.Peek();
        string name = RoutedFieldNames.Name(field, kind);
        switch (field)
        {
            case RoutedFields.Model:
                return ReadModel(ref json, result);
            case RoutedFields.Stream:
                (ApiError? error, result.Stream) = ReadFlag(ref json, name);
                return error;
            case RoutedFields.StreamOptions:
                return ReadStreamOptions(ref json, result);
            case RoutedFields.MaxTokens:
            case RoutedFields.MaxCompletionTokens:
                (error, int? tokens) = ReadNumber(ref json, name, 0, int.MaxValue);
                result.MaxTokens = tokens is null ? result.MaxTokens : Math.Min(tokens.Value, result.MaxTokens ?? int.MaxValue);
                return error;
            case RoutedFields.Choices:
                (error, int? choices) = ReadNumber(ref json, name, 1, MostChoices);
                result.Choices = choices ?? 1;
                return error;
            case RoutedFields.Seed:
                result.HasSeed = next != 'n';
                _ = json.Skip();
                return null;
            case RoutedFields.User:
                return ReadUser(ref json, result);
            case RoutedFields.Tools:
                result.Tools = json.Skip();
                return next is (byte)'[' or (byte)'n' ? null : ApiErrors.InvalidType(name, "an array");
            default:
                return ReadPrompt(ref json, kind, name, result);
        }
    }

    private static ApiError? ReadModel(ref JsonCursor json, ScannedBody result)
    {
        if (json.Peek() != '"')
        {
            return ApiErrors.InvalidType("model", "a string");
        }

        int start = json.Position;
        result.Model = json.ReadText();
        result.ModelValue = new ByteRange(start, json.Position - start);
        return result.Model is null or { Length: > 0 and <= LongestModel }
            ? null
            : ApiErrors.InvalidValue("model", $"'model' must have 1 to {LongestModel} characters.");
    }

    private static ApiError? ReadUser(ref JsonCursor json, ScannedBody result)
    {
        if (json.Peek() == 'n')
        {
            _ = json.Skip();
            return null;
        }

        if (json.Peek() != '"')
        {
            return ApiErrors.InvalidType("user", "a string");
        }

        result.User = json.ReadText();
        return result.User is { Length: > LongestLabel } ? ApiErrors.InvalidValue("user", $"'user' is longer than {LongestLabel} characters.") : null;
    }

    private static ApiError? ReadStreamOptions(ref JsonCursor json, ScannedBody result)
    {
        byte next = json.Peek();
        int start = json.Position;
        if (next != '{')
        {
            result.StreamOptionsValue = json.Skip();
            return next == 'n' ? null : ApiErrors.InvalidType("stream_options", "an object");
        }

        bool isFirst = true;
        _ = json.Enter((byte)'{');
        while (json.NextProperty(ref isFirst, out ReadOnlySpan<byte> name))
        {
            if (!name.SequenceEqual("include_usage"u8))
            {
                _ = json.Skip();
                continue;
            }

            if (!result.IncludeUsageValue.IsEmpty)
            {
                return ApiErrors.DuplicateParameter("stream_options.include_usage");
            }

            _ = json.Peek();
            int value = json.Position;
            (ApiError? error, result.IncludeUsage) = ReadFlag(ref json, "stream_options.include_usage");
            result.IncludeUsageValue = new ByteRange(value, json.Position - value);
            if (error is not null)
            {
                return error;
            }
        }

        result.StreamOptionsValue = new ByteRange(start, json.Position - start);
        return null;
    }

    private static ApiError? ReadPrompt(ref JsonCursor json, BodyKind kind, string name, ScannedBody result)
    {
        byte next = json.Peek();
        if (kind == BodyKind.Chat ? next != '[' : next is not ((byte)'[' or (byte)'"'))
        {
            return ApiErrors.InvalidType(name, kind == BodyKind.Chat ? "an array" : "a string or an array");
        }

        int start = json.Position;
        if (kind == BodyKind.Chat || next == '"')
        {
            _ = json.Skip();
        }
        else
        {
            int elements = 0;
            bool isFirst = true;
            bool areNumbers = true;
            _ = json.Enter((byte)'[');
            while (json.NextElement(ref isFirst))
            {
                areNumbers &= json.Peek() is >= (byte)'0' and <= (byte)'9';
                elements++;
                _ = json.Skip();
            }

            result.Prompts = areNumbers ? 1 : elements;
            if (result.Prompts > MostPrompts)
            {
                return ApiErrors.InvalidValue(name, $"'{name}' holds more than {MostPrompts} prompts.");
            }
        }

        result.Prompt = new ByteRange(start, json.Position - start);
        return null;
    }

    private static (ApiError? Error, bool Value) ReadFlag(ref JsonCursor json, string name)
    {
        byte next = json.Peek();
        _ = json.Skip();
        return next is (byte)'t' or (byte)'f' or (byte)'n' ? (null, next == 't') : (ApiErrors.InvalidType(name, "true or false"), false);
    }

    private static (ApiError? Error, int? Value) ReadNumber(ref JsonCursor json, string name, int least, int most)
    {
        byte next = json.Peek();
        ReadOnlySpan<byte> bytes = json.SkipBytes();
        if (next == 'n')
        {
            return (null, null);
        }

        if (next is not ((byte)'-' or (>= (byte)'0' and <= (byte)'9')) || bytes.IndexOfAny((byte)'.', (byte)'e', (byte)'E') >= 0)
        {
            return (ApiErrors.InvalidType(name, "a whole number"), null);
        }

        return Utf8Parser.TryParse(bytes, out long value, out int used) && used == bytes.Length && value >= least && value <= most
            ? (null, (int)value)
            : (ApiErrors.InvalidValue(name, $"'{name}' must be from {least} to {most}."), null);
    }

    private static string Place(ReadOnlySpan<byte> body, int position)
    {
        ReadOnlySpan<byte> before = body[..Math.Min(position, body.Length)];
        return $"line {before.Count((byte)'\n') + 1}, byte {before.Length - before.LastIndexOf((byte)'\n')}.";
    }
}
