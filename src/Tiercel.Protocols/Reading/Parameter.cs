namespace Tiercel.Protocols.Reading;

/// <summary>Reads the value the reader stands on into a body, or throws a <see cref="BodyException"/>.</summary>
internal delegate void FieldAction<in T>(ref BodyReader reader, T body);

/// <summary>A field that a JSON object of the API may have.</summary>
/// <param name="Name">Its name on the wire.</param>
/// <param name="Treatment">What becomes of it.</param>
/// <param name="Summary">Its range, or why it is refused; goes into the documentation.</param>
/// <param name="Read">Reads it. Never called for null, which always means "as if absent".</param>
internal sealed record Parameter<T>(string Name, ParameterTreatment Treatment, string Summary, FieldAction<T> Read);
