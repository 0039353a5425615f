namespace Tiercel.Protocols.Reading;

/// <summary>One row of the published table of parameters.</summary>
/// <param name="Endpoint">The path that takes it.</param>
/// <param name="Name">Its name on the wire.</param>
/// <param name="Treatment">What becomes of it.</param>
/// <param name="Summary">Its range, or why it is refused.</param>
public sealed record ParameterDescription(string Endpoint, string Name, ParameterTreatment Treatment, string Summary);
