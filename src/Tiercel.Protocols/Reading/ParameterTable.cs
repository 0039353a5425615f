using System.Collections.Frozen;

namespace Tiercel.Protocols.Reading;

/// <summary>All fields that one kind of JSON object may have. What is not in the table is refused by name, unless it is null.</summary>
internal sealed class ParameterTable<T>
{
    /// <summary>Longer names than this are unknown whatever they are.</summary>
    private const int MaxNameChars = 64;

    private readonly FrozenDictionary<string, int> _indexByName;

    public ParameterTable(string endpoint, params IReadOnlyList<Parameter<T>> parameters)
    {
        Endpoint = endpoint;
        Parameters = parameters;
        // A set bit a parameter is how duplicates are found.
        ArgumentOutOfRangeException.ThrowIfGreaterThan(parameters.Count, 128);
        _indexByName = parameters.Select((parameter, index) => KeyValuePair.Create(parameter.Name, index)).ToFrozenDictionary(StringComparer.Ordinal);
    }

    public string Endpoint { get; }

    public IReadOnlyList<Parameter<T>> Parameters { get; }

    public IEnumerable<ParameterDescription> Describe() =>
        Parameters.Select(parameter => new ParameterDescription(Endpoint, parameter.Name, parameter.Treatment, parameter.Summary));

    /// <summary>Reads the object the reader stands on.</summary>
    /// <exception cref="BodyException">A field is unknown, doubled, refused or wrong.</exception>
    public void Read(ref BodyReader reader, T body)
    {
        reader.ExpectObject();
        var names = _indexByName.GetAlternateLookup<ReadOnlySpan<char>>();
        Span<char> name = stackalloc char[MaxNameChars];
        UInt128 seen = UInt128.Zero;
        while (reader.NextProperty())
        {
            int length = reader.CopyName(name);
            if (length < 0 || !names.TryGetValue(name[..length], out int index))
            {
                // Clients write out the fields they leave empty, those too that came into the API after this table.
                if (length >= 0 && reader.SkipNull())
                {
                    continue;
                }

                throw reader.UnknownField();
            }

            UInt128 bit = UInt128.One << index;
            Parameter<T> parameter = Parameters[index];
            reader.Enter(parameter.Name);
            if ((seen & bit) != UInt128.Zero)
            {
                throw reader.Duplicate();
            }

            seen |= bit;
            if (!reader.SkipNull())
            {
                parameter.Read(ref reader, body);
            }

            reader.Leave();
        }
    }
}
