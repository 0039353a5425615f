using Tiercel.Protocols.Errors;

namespace Tiercel.Protocols.Reading;

/// <summary>Carries a refusal out of the nested readers; it never leaves <see cref="RequestBodies"/>.</summary>
internal sealed class BodyException(ApiError error) : Exception(error.Message)
{
    public ApiError Error { get; } = error;
}
