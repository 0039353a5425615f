using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace Tiercel.Gateway.Telemetry;

/// <summary>Attributes that are made once and told often; those with one more value are kept beside them.</summary>
internal sealed class TagSet(params Tag[] tags)
{
    /// <summary>Values that are added are words of ours, so they are few; this only keeps a mistake from growing.</summary>
    private const int MaxVariants = 256;

    private readonly Dictionary<(string Name, string Value), TagSet> _variants = [];

    public ReadOnlySpan<Tag> Tags => tags;

    /// <summary>The attributes with one more.</summary>
    public ReadOnlySpan<Tag> With(string name, string value) => Set(name, value).Tags;

    /// <summary>The set with one more attribute.</summary>
    public TagSet Set(string name, string value)
    {
        lock (_variants)
        {
            if (!_variants.TryGetValue((name, value), out TagSet? variant))
            {
                variant = new TagSet([.. tags, new Tag(name, value)]);
                if (_variants.Count < MaxVariants)
                {
                    _variants.Add((name, value), variant);
                }
            }

            return variant;
        }
    }
}
