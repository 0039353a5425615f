using System.Buffers;

namespace Tiercel.Gateway.Upstreams;

/// <summary>What a whole answer tells about itself.</summary>
/// <param name="Usage">Null when it tells none.</param>
/// <param name="Choices">Choices in the answer, or embeddings.</param>
/// <param name="FinishReason">Of the last choice that has one.</param>
/// <param name="IsError">The object has an <c>error</c> and no answer, whatever the status says.</param>
internal readonly record struct AnswerUsage(TokenUsage? Usage, int Choices, string? FinishReason, bool IsError)
{
    /// <summary>Reads it without building a document.</summary>
    /// <returns>False when the body is not one JSON object.</returns>
    public static bool TryRead(in ReadOnlySequence<byte> body, out AnswerUsage answer) => throw new NotImplementedException();
}
