using System.Collections.Frozen;

namespace Tiercel.Engine.Templates.Builtins;

/// <summary>All filters by name. One that is not here is refused when the template is parsed.</summary>
internal static class Filters
{
    private static readonly FrozenDictionary<string, Filter> ByName = Enumerable.Empty<KeyValuePair<string, Filter>>()
        .Concat(TextFilters.All)
        .Concat(NumberFilters.All)
        .Concat(SequenceFilters.All)
        .Concat(SelectionFilters.All)
        .Concat(SortFilters.All)
        .Append(new("tojson", JsonText.Filter))
        .ToFrozenDictionary();

    public static Filter? Find(string name) => ByName.GetValueOrDefault(name);
}
