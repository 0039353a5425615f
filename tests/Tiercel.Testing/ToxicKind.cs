namespace Tiercel.Testing;

/// <summary>What a <see cref="ToxicProxy"/> does to one exchange.</summary>
public enum ToxicKind
{
    /// <summary>Bytes pass as they came.</summary>
    None,

    /// <summary>The connection is reset (RST) when the first byte of the answer comes, which is not passed on.</summary>
    ResetBeforeHead,

    /// <summary>Reset right after the empty line that ends the answer's head.</summary>
    ResetAfterHead,

    /// <summary>Reset right after so many events of a stream.</summary>
    ResetAfterEvents,

    /// <summary>Reset when everything but <c>data: [DONE]</c> has passed.</summary>
    ResetBeforeDone,

    /// <summary>After so many events nothing passes any more, in either direction, and nobody is told.</summary>
    SwallowAfterEvents,

    /// <summary>So many bytes of the answer a second.</summary>
    Slow,

    /// <summary>A letter of the text is replaced after so many events: a defect that whoever compares answers must find.</summary>
    Corrupt,
}
