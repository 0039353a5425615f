using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Unicode;
using Tiercel.Protocols.Errors;
using Tiercel.Protocols.OpenAI;

namespace Tiercel.Protocols.Reading;

/// <summary>Turns the bytes of a request into a checked body, or into the error that names what was wrong with them.</summary>
public static class RequestBodies
{
    private delegate void CheckBody<T>(ref BodyReader reader, T body);

    public static bool TryReadChat(ReadOnlySpan<byte> json, [NotNullWhen(true)] out ChatCompletionBody? body, [NotNullWhen(false)] out ApiError? error) =>
        TryRead(json, ChatParameters.Table, ChatParameters.Check, out body, out error);

    public static bool TryReadCompletion(ReadOnlySpan<byte> json, [NotNullWhen(true)] out CompletionBody? body, [NotNullWhen(false)] out ApiError? error) =>
        TryRead(json, CompletionParameters.Table, CompletionParameters.Check, out body, out error);

    public static bool TryReadEmbeddings(ReadOnlySpan<byte> json, [NotNullWhen(true)] out EmbeddingsBody? body, [NotNullWhen(false)] out ApiError? error) =>
        TryRead(json, EmbeddingParameters.Table, EmbeddingParameters.Check, out body, out error);

    public static bool TryReadTokenize(ReadOnlySpan<byte> json, [NotNullWhen(true)] out TokenizeBody? body, [NotNullWhen(false)] out ApiError? error) =>
        TryRead(json, TokenizerParameters.Tokenize, TokenizerParameters.Check, out body, out error);

    public static bool TryReadDetokenize(ReadOnlySpan<byte> json, [NotNullWhen(true)] out DetokenizeBody? body, [NotNullWhen(false)] out ApiError? error) =>
        TryRead(json, TokenizerParameters.Detokenize, TokenizerParameters.Check, out body, out error);

    private static bool TryRead<T>(
        ReadOnlySpan<byte> json,
        ParameterTable<T> table,
        CheckBody<T> check,
        [NotNullWhen(true)] out T? body,
        [NotNullWhen(false)] out ApiError? error)
        where T : class, new()
    {
        body = null;
        if (!Utf8.IsValid(json))
        {
            error = ApiErrors.MalformedJson("it is not valid UTF-8.");
            return false;
        }

        try
        {
            T target = new();
            BodyReader reader = new(json);
            table.Read(ref reader, target);
            reader.ExpectEnd();
            check(ref reader, target);
            body = target;
            error = null;
            return true;
        }
        catch (BodyException refusal)
        {
            error = refusal.Error;
            return false;
        }
        catch (JsonException malformed)
        {
            // The message of the JSON reader quotes the bytes it stumbled on; the place is enough, and nothing of a prompt reaches a log.
            error = ApiErrors.MalformedJson($"line {malformed.LineNumber + 1}, byte {malformed.BytePositionInLine + 1}.");
            return false;
        }
    }
}
