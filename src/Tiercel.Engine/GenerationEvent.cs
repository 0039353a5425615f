namespace Tiercel.Engine;

/// <summary>
/// One piece of news about one choice. A choice sends any number of events with <see cref="Finish"/> null and then exactly one with it set.
/// Text arrives in whole characters; tokens whose text is held back (half a character, the possible beginning of a stop string) come
/// with the event that releases their text.
/// </summary>
public sealed record GenerationEvent
{
    /// <summary>Which choice, from 0.</summary>
    public int Choice { get; init; }

    /// <summary>Text to append; may be empty.</summary>
    public string Text { get; init; } = "";

    /// <summary>The tokens behind <see cref="Text"/>, in order.</summary>
    public IReadOnlyList<GeneratedToken> Tokens { get; init; } = [];

    /// <summary>
    /// Every token taken since the choice's last event: those behind <see cref="Text"/>, those whose text is still held back, and an end token. The tokens
    /// covered by all events of a choice so far are what <see cref="ResumedChoice.Tokens"/> wants.
    /// </summary>
    public IReadOnlyList<int> CoveredTokens { get; init; } = [];

    /// <summary>
    /// Set once, on the first event of a resumed choice that reports log probabilities: the leading tokens whose probabilities were sent before the request
    /// moved here. Brings no news; a writer needs it to go on counting.
    /// </summary>
    public IReadOnlyList<int>? ReplayedTokens { get; init; }

    /// <summary>Set once, on the first event of choice 0, when prompt log probabilities were asked for: one entry a prompt token.</summary>
    public IReadOnlyList<GeneratedToken>? PromptTokens { get; init; }

    /// <summary>Set on the last event of a choice.</summary>
    public FinishReason? Finish { get; init; }

    /// <summary>Set with <see cref="FinishReason.Error"/>.</summary>
    public EngineError? Error { get; init; }
}
