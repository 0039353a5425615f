namespace Tiercel.Gateway.Fleet;

/// <summary>What a placement must heed besides the request itself.</summary>
/// <param name="Excluded">Replicas that must not be chosen.</param>
/// <param name="Only">When not null, the only ones that may be chosen.</param>
/// <param name="NumericsId">When not null, only workers of that id.</param>
/// <param name="MustServe">The request was accepted before: it is not refused for its objective.</param>
internal readonly record struct PlaceTerms(IReadOnlyCollection<int> Excluded, IReadOnlyCollection<int>? Only = null, string? NumericsId = null, bool MustServe = false)
{
    public static PlaceTerms First => new([]);
}
