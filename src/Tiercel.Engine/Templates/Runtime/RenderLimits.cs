namespace Tiercel.Engine.Templates.Runtime;

/// <summary>
/// What one rendering may cost. A template's work grows with what it is given, so part of each limit grows with the messages and tools;
/// the fixed part is all that a template can use up on its own.
/// </summary>
internal sealed record RenderLimits
{
    /// <summary>Evaluated nodes, elements of lists made or gone over, and 64-character blocks searched.</summary>
    public long Steps { get; init; } = 1_000_000;

    public long StepsPerInputValue { get; init; } = 256;

    /// <summary>Characters of all strings made, the prompt included: 16 MiB of memory as long as all of them are kept.</summary>
    public long Characters { get; init; } = 8 * 1024 * 1024;

    public long CharactersPerInputCharacter { get; init; } = 32;

    /// <summary>Evaluations inside one another; a level takes less than a kilobyte of stack.</summary>
    public int Depth { get; init; } = 800;
}
