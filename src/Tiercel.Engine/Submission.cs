using System.Diagnostics.CodeAnalysis;

namespace Tiercel.Engine;

/// <summary>The answer to a submitted request: a stream, or the reason why there is none.</summary>
public readonly record struct Submission(GenerationStream? Stream, EngineError? Error)
{
    [MemberNotNullWhen(true, nameof(Stream))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool Accepted => Stream is not null;
}
