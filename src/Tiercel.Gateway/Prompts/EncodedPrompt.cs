using System.Diagnostics.CodeAnalysis;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Prompts;

/// <summary>A prompt in tokens, or why it has none.</summary>
internal readonly record struct EncodedPrompt(IReadOnlyList<int>? Tokens, ApiError? Error)
{
    [MemberNotNullWhen(true, nameof(Tokens))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool Succeeded => Tokens is not null;

    public static implicit operator EncodedPrompt(ApiError error) => new(null, error);
}
