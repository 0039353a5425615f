using System.Buffers;

namespace Tiercel.Gateway.Upstreams;

/// <summary>
/// Finds the events of a stream and says what each is, without copying or re-writing any of it. Incremental: bytes of an event that is not whole yet are
/// given again with those that follow.
/// </summary>
/// <param name="choices">Choices that the request asks for: each must finish.</param>
/// <param name="maxEventBytes">Longest event.</param>
/// <param name="tokens">Where tokens of a worker's comments go; null: comments are left alone.</param>
internal sealed class SseScanner(int choices, int maxEventBytes, List<StreamToken>? tokens = null)
{
    /// <summary>Usage as last told; null when no event has told any.</summary>
    public TokenUsage? Usage { get; private set; }

    /// <summary>Events that carried text.</summary>
    public int ContentEvents { get; private set; }

    /// <summary>Choices with a finish reason.</summary>
    public int FinishedChoices { get; private set; }

    /// <summary>The finish reason told last; null while there is none.</summary>
    public string? FinishReason { get; private set; }

    public bool IsDone { get; private set; }

    /// <summary>What was wrong, when an event was <see cref="SseEventKind.Broken"/> or <see cref="SseEventKind.Error"/>.</summary>
    public string? Fault { get; private set; }

    /// <summary>Takes the next whole event from the front.</summary>
    /// <param name="buffer">Everything not taken yet; on success without the event. On failure nothing may be dropped from its front.</param>
    public bool TryRead(ref ReadOnlySequence<byte> buffer, out SseEvent next) => throw new NotImplementedException($"{choices} {maxEventBytes} {tokens}");

    /// <summary>Like the other, on contiguous bytes: the event is the first <see cref="SseEvent.Length"/> of them.</summary>
    public bool TryRead(ReadOnlySpan<byte> buffer, out SseEvent next) => throw new NotImplementedException();

    /// <summary>How the stream ended, once it has.</summary>
    /// <param name="rest">Bytes that were left: an event without its empty line.</param>
    public StreamEnd End(long rest) => throw new NotImplementedException();
}
