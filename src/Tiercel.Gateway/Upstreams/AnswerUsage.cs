using System.Buffers;
using Tiercel.Gateway.Upstreams.Scanning;

namespace Tiercel.Gateway.Upstreams;

/// <summary>What a whole answer tells about itself.</summary>
/// <param name="Usage">Null when it tells none.</param>
/// <param name="Choices">Choices in the answer.</param>
/// <param name="FinishReason">Of the last choice that has one.</param>
/// <param name="IsError">The object is an error, whatever the status says.</param>
internal readonly record struct AnswerUsage(TokenUsage? Usage, int Choices, string? FinishReason, bool IsError)
{
    /// <summary>Reads it without building a document.</summary>
    /// <returns>False when the body is not one JSON object.</returns>
    public static bool TryRead(in ReadOnlySequence<byte> body, out AnswerUsage answer)
    {
        if (body.IsSingleSegment)
        {
            return TryRead(body.FirstSpan, out answer);
        }

        int length = checked((int)body.Length);
        byte[] joined = ArrayPool<byte>.Shared.Rent(length);
        body.CopyTo(joined);
        bool isRead = TryRead(joined.AsSpan(0, length), out answer);
        ArrayPool<byte>.Shared.Return(joined);
        return isRead;
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out AnswerUsage answer)
    {
        bool isRead = ChunkReader.TryRead(body, finished: null, out ChunkFacts facts);
        answer = new AnswerUsage(facts.Usage, facts.Choices, facts.FinishReason, facts.IsError);
        return isRead;
    }
}
