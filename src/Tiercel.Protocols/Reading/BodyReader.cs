using System.Text;
using System.Text.Json;
using Tiercel.Protocols.Errors;

namespace Tiercel.Protocols.Reading;

/// <summary>
/// Reads a request body value by value and knows the path of where it stands, so that every refusal names its field.
/// Works on the bytes as they came: a body of many small values costs no tree.
/// </summary>
internal ref struct BodyReader
{
    /// <summary>Depth of nesting, objects and arrays together.</summary>
    private const int MaxDepth = 64;

    /// <summary>Depth of the path in error messages; the API's own shapes need five.</summary>
    private const int MaxPath = 12;

    private readonly ReadOnlySpan<byte> _body;
    private readonly PathStep[] _path;
    private Utf8JsonReader _json;
    private int _pathLength;
    private int _nameStart;
    private int _nameLength;

    public BodyReader(ReadOnlySpan<byte> body)
    {
        _body = body;
        _json = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaxDepth });
        _path = new PathStep[MaxPath];
        _json.Read();
    }

    public readonly JsonTokenType Token => _json.TokenType;

    /// <summary>Whether the bytes end after the value that was read.</summary>
    public void ExpectEnd()
    {
        // A second value makes Read throw; white space makes it return false.
        _json.Read();
    }

    public void Enter(string name) => _path[_pathLength++] = new PathStep(name, -1);

    public void Enter(int index) => _path[_pathLength++] = new PathStep(null, index);

    public void Leave() => _pathLength--;

    public readonly void ExpectObject()
    {
        if (_json.TokenType != JsonTokenType.StartObject)
        {
            throw WrongType("an object");
        }
    }

    /// <summary>Steps to the next name of an object; false at its end.</summary>
    public bool NextProperty()
    {
        _json.Read();
        _nameStart = (int)_json.TokenStartIndex + 1;
        _nameLength = _json.ValueSpan.Length;
        return _json.TokenType == JsonTokenType.PropertyName;
    }

    /// <summary>Copies the name the reader stands on and steps to its value; -1 where it does not fit.</summary>
    public int CopyName(scoped Span<char> name)
    {
        if (_json.ValueSpan.Length > name.Length)
        {
            return -1;
        }

        try
        {
            int length = _json.CopyString(name);
            _json.Read();
            return length;
        }
        catch (InvalidOperationException)
        {
            return -1;
        }
    }

    /// <summary>The name the reader stands on, as a string; steps to its value.</summary>
    public string ReadName(int maxChars)
    {
        if (_json.ValueSpan.Length > maxChars)
        {
            throw Invalid($"'{Path()}' has a key longer than {maxChars} bytes.");
        }

        string name = Text();
        _json.Read();
        return name;
    }

    public bool SkipNull() => _json.TokenType == JsonTokenType.Null;

    /// <summary>Steps to the next element of the array that was entered; false at its end.</summary>
    public bool NextElement()
    {
        _json.Read();
        return _json.TokenType != JsonTokenType.EndArray;
    }

    public readonly void ExpectArray()
    {
        if (_json.TokenType != JsonTokenType.StartArray)
        {
            throw WrongType("an array");
        }
    }

    public readonly bool ReadBool() => _json.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw WrongType("true or false"),
    };

    public readonly int ReadInt(int min, int max) => (int)ReadLong(min, max);

    public readonly long ReadLong(long min, long max)
    {
        if (_json.TokenType != JsonTokenType.Number)
        {
            throw WrongType("an integer");
        }

        if (!_json.TryGetInt64(out long value) || value < min || value > max)
        {
            throw Invalid($"'{Path()}' must be an integer from {min} to {max}.");
        }

        return value;
    }

    public readonly float ReadFloat(float min, float max)
    {
        if (_json.TokenType != JsonTokenType.Number)
        {
            throw WrongType("a number");
        }

        if (!_json.TryGetDouble(out double value) || !(value >= min && value <= max))
        {
            throw Invalid($"'{Path()}' must be a number from {min} to {max}.");
        }

        return (float)value;
    }

    public readonly string ReadString(int maxChars = int.MaxValue)
    {
        if (_json.TokenType != JsonTokenType.String)
        {
            throw WrongType("a string");
        }

        string text = Text();
        return text.Length <= maxChars ? text : throw Invalid($"'{Path()}' must not be longer than {maxChars} characters.");
    }

    /// <summary>A string or an array of strings.</summary>
    public List<string> ReadStrings(int maxCount, int maxChars)
    {
        if (_json.TokenType == JsonTokenType.String)
        {
            return [ReadString(maxChars)];
        }

        if (_json.TokenType != JsonTokenType.StartArray)
        {
            throw WrongType("a string or an array of strings");
        }

        List<string> strings = [];
        while (NextElement())
        {
            Enter(strings.Count);
            if (strings.Count == maxCount)
            {
                throw TooMany(maxCount);
            }

            strings.Add(ReadString(maxChars));
            Leave();
        }

        return strings;
    }

    /// <summary>An array of token ids.</summary>
    public List<int> ReadInts(int maxCount)
    {
        ExpectArray();
        List<int> values = [];
        while (NextElement())
        {
            AddInt(values, maxCount);
        }

        return values;
    }

    /// <summary>Adds the number the reader stands on.</summary>
    public void AddInt(List<int> values, int maxCount)
    {
        Enter(values.Count);
        if (values.Count == maxCount)
        {
            throw TooMany(maxCount);
        }

        values.Add(ReadInt(0, int.MaxValue));
        Leave();
    }

    /// <summary>Any value, kept as it is.</summary>
    public JsonElement ReadElement(int maxBytes)
    {
        int start = (int)_json.TokenStartIndex;
        _json.Skip();
        ReadOnlySpan<byte> raw = _body[start..(int)_json.BytesConsumed];
        if (raw.Length > maxBytes)
        {
            throw Invalid($"'{Path()}' is larger than {maxBytes} bytes.");
        }

        try
        {
            return JsonElement.Parse(raw, new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = false });
        }
        catch (JsonException)
        {
            // The reader has already found the syntax right, so what is left are keys that occur twice and broken escapes.
            throw Invalid($"'{Path()}' has a key that occurs twice, or text that is not valid Unicode.");
        }
    }

    /// <summary>Passes over a value that changes nothing.</summary>
    public void Skip() => _json.Skip();

    public readonly BodyException WrongType(string expected) => new(ApiErrors.InvalidType(PathOrBody(), expected));

    public readonly BodyException Invalid(string message) => new(ApiErrors.InvalidValue(PathOrBody(), message));

    public readonly BodyException Missing(string name) =>
        new(ApiErrors.MissingParameter(_pathLength == 0 ? name : $"{Path()}.{name}"));

    public readonly BodyException Unsupported(string reason) => new(ApiErrors.UnsupportedParameter(PathOrBody(), reason));

    public readonly BodyException UnsupportedValue(string reason) => new(ApiErrors.UnsupportedValue(PathOrBody(), reason));

    public readonly BodyException Duplicate() => new(ApiErrors.DuplicateParameter(PathOrBody()));

    public readonly BodyException TooMany(int max) => Invalid($"'{Path()}': more than {max} elements.");

    /// <summary>The refusal of the field whose name the reader has just read.</summary>
    public readonly BodyException UnknownField()
    {
        string name = Printable(_body.Slice(_nameStart, _nameLength));
        return new(ApiErrors.UnknownParameter(_pathLength == 0 ? name : $"{Path()}.{name}"));
    }

    public readonly string Path()
    {
        StringBuilder path = new();
        for (int i = 0; i < _pathLength; i++)
        {
            PathStep step = _path[i];
            _ = step.Name is null ? path.Append('[').Append(step.Index).Append(']')
                : path.Length == 0 ? path.Append(step.Name)
                : path.Append('.').Append(step.Name);
        }

        return path.ToString();
    }

    private static string Printable(ReadOnlySpan<byte> name)
    {
        string text = Encoding.UTF8.GetString(name[..Math.Min(name.Length, 48)]);
        StringBuilder clean = new(text.Length);
        foreach (char c in text)
        {
            clean.Append(char.IsControl(c) || char.IsSurrogate(c) ? '?' : c);
        }

        return name.Length > 48 ? clean.Append('…').ToString() : clean.ToString();
    }

    private readonly string PathOrBody() => _pathLength == 0 ? "body" : Path();

    private readonly string Text()
    {
        try
        {
            return _json.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Invalid($"'{Path()}' holds half of a surrogate pair, which is not Unicode text.");
        }
    }

    private readonly record struct PathStep(string? Name, int Index);
}
