namespace Tiercel.Gateway.Upstreams.Scanning;

/// <summary>What one chunk of a stream, or a whole answer, tells. Made by <see cref="ChunkReader"/>.</summary>
internal struct ChunkFacts
{
    public bool IsError;
    public bool HasText;
    public TokenUsage? Usage;

    /// <summary>Choices in this object.</summary>
    public int Choices;

    /// <summary>The first choice's number.</summary>
    public int Choice;

    /// <summary>The finish reason of the last choice that has one.</summary>
    public string? FinishReason;

    /// <summary>The one string value that was text, with its quotes; empty when there was none or more than one.</summary>
    public ByteRange Text;

    public int Texts;
}
