using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Workers;

/// <summary>
/// The body of <c>POST /internal/resume</c>: <c>path</c>, <c>choices</c> (of each: <c>index</c>, <c>tokens</c>, <c>finished</c>, and <c>begun</c> where the first
/// chunk says more than its tokens do), and the original body as it came.
/// </summary>
internal sealed class ResumeBody
{
    public const string ChatPath = "/v1/chat/completions";
    private const int MaxChoices = 4096;

    public required string Path { get; init; }

    /// <summary>By index; a choice that is not here has not begun.</summary>
    public required IReadOnlyDictionary<int, ResumeChoice> Choices { get; init; }

    /// <summary>Where the original body lies in the bytes.</summary>
    public required Range Original { get; init; }

    /// <summary>Whether a choice's first chunk was sent: what it says, or else what follows from its tokens. A chat says all roles before anything else.</summary>
    public bool HasBegun(int choice) => Choices.TryGetValue(choice, out ResumeChoice? state)
        && (state.HasBegun ?? (Path == ChatPath || state.Tokens.Count > 0 || state.IsFinished));

    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out ResumeBody? body, [NotNullWhen(false)] out ApiError? error)
    {
        (body, error) = (null, null);
        string? path = null;
        Dictionary<int, ResumeChoice>? choices = null;
        Range? original = null;
        try
        {
            Utf8JsonReader json = new(bytes);
            Expect(ref json, JsonTokenType.StartObject, "the body");
            while (Next(ref json) == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals("path"u8) && path is null)
                {
                    Expect(ref json, JsonTokenType.String, "path");
                    path = json.GetString()!;
                }
                else if (json.ValueTextEquals("choices"u8) && choices is null)
                {
                    choices = ReadChoices(ref json);
                }
                else if (json.ValueTextEquals("body"u8) && original is null)
                {
                    Expect(ref json, JsonTokenType.StartObject, "body");
                    int start = (int)json.TokenStartIndex;
                    json.Skip();
                    original = start..(int)json.BytesConsumed;
                }
                else
                {
                    throw new ResumeException($"'{Name(ref json)}' is not known, or occurs twice");
                }
            }

            // What follows the object is an error of the reader's.
            json.Read();
        }
        catch (JsonException wrong)
        {
            error = ApiErrors.MalformedJson(wrong.Message);
            return false;
        }
        catch (Exception wrong) when (wrong is ResumeException or InvalidOperationException)
        {
            error = ApiErrors.InvalidValue("resume", $"This cannot be resumed: {wrong.Message}.");
            return false;
        }

        if (path is null || choices is null || original is null)
        {
            error = ApiErrors.MissingParameter(path is null ? "path" : choices is null ? "choices" : "body");
            return false;
        }

        body = new ResumeBody { Path = path, Choices = choices, Original = original.Value };
        return true;
    }

    private static Dictionary<int, ResumeChoice> ReadChoices(ref Utf8JsonReader json)
    {
        Dictionary<int, ResumeChoice> choices = [];
        Expect(ref json, JsonTokenType.StartArray, "choices");
        while (Next(ref json) == JsonTokenType.StartObject)
        {
            (int index, ResumeChoice choice) = ReadChoice(ref json);
            if (choices.Count == MaxChoices || !choices.TryAdd(index, choice))
            {
                throw new ResumeException($"there are more than {MaxChoices} choices, or two with the index {index}");
            }
        }

        return json.TokenType == JsonTokenType.EndArray ? choices : throw new ResumeException("'choices' must hold objects");
    }

    private static (int Index, ResumeChoice Choice) ReadChoice(ref Utf8JsonReader json)
    {
        int? index = null;
        List<int>? tokens = null;
        bool? finished = null;
        bool? begun = null;
        while (Next(ref json) == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("index"u8) && index is null)
            {
                index = ReadInt(ref json, "index");
            }
            else if (json.ValueTextEquals("tokens"u8) && tokens is null)
            {
                tokens = ReadTokens(ref json);
            }
            else if (json.ValueTextEquals("finished"u8) && finished is null)
            {
                finished = ReadBool(ref json, "finished");
            }
            else if (json.ValueTextEquals("begun"u8) && begun is null)
            {
                begun = ReadBool(ref json, "begun");
            }
            else
            {
                throw new ResumeException($"'{Name(ref json)}' of a choice is not known, or occurs twice");
            }
        }

        if (index is null || tokens is null || finished is null || json.TokenType != JsonTokenType.EndObject)
        {
            throw new ResumeException("a choice must have 'index', 'tokens' and 'finished'");
        }

        return begun != false || (tokens.Count == 0 && !finished.Value)
            ? (index.Value, new ResumeChoice(tokens, finished.Value, begun))
            : throw new ResumeException($"choice {index} has tokens and has not begun");
    }

    private static List<int> ReadTokens(ref Utf8JsonReader json)
    {
        List<int> tokens = [];
        Expect(ref json, JsonTokenType.StartArray, "tokens");
        while (Next(ref json) == JsonTokenType.Number)
        {
            tokens.Add(json.TryGetInt32(out int token) && token >= 0 ? token : throw new ResumeException("'tokens' must hold token ids"));
        }

        return json.TokenType == JsonTokenType.EndArray ? tokens : throw new ResumeException("'tokens' must hold token ids");
    }

    private static int ReadInt(ref Utf8JsonReader json, string name)
    {
        Expect(ref json, JsonTokenType.Number, name);
        return json.TryGetInt32(out int number) && number >= 0 ? number : throw new ResumeException($"'{name}' must be a number from 0");
    }

    private static bool ReadBool(ref Utf8JsonReader json, string name) => Next(ref json) switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw new ResumeException($"'{name}' must be true or false"),
    };

    private static JsonTokenType Next(ref Utf8JsonReader json) => json.Read() ? json.TokenType : throw new ResumeException("the body ends early");

    private static void Expect(ref Utf8JsonReader json, JsonTokenType type, string name)
    {
        if (Next(ref json) != type)
        {
            throw new ResumeException($"'{name}' must be of the JSON type {type}");
        }
    }

    private static string Name(ref Utf8JsonReader json)
    {
        string name = json.GetString() ?? "";
        return name.Length <= 64 ? name : name[..64];
    }

    /// <summary>What the body says cannot be.</summary>
    private sealed class ResumeException(string message) : Exception(message);
}
