namespace Tiercel.Simulation.Chaos;

/// <summary>What a worker sends on the stream of one request.</summary>
internal abstract record WireEvent
{
    /// <summary>The head of the answer.</summary>
    internal sealed record Head(string Numerics) : WireEvent;

    internal sealed record Role(int Choice) : WireEvent;

    /// <summary>Tokens of a choice, its end, or both.</summary>
    internal sealed record Content(int Choice, int[] Tokens, bool Finished) : WireEvent;

    internal sealed record Usage(int Prompt, int Completion) : WireEvent;

    internal sealed record Done : WireEvent;

    /// <summary>An error status instead of a stream: it has no room.</summary>
    internal sealed record Full(TimeSpan RetryAfter) : WireEvent;

    /// <summary>Nobody listens.</summary>
    internal sealed record Refused : WireEvent;

    internal sealed record Reset : WireEvent;

    internal sealed record Garbage : WireEvent;
}
