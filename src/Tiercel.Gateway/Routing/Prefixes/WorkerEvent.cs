namespace Tiercel.Gateway.Routing;

/// <summary>One line of a worker's event stream. Events of a generation are numbered from 1 without gaps.</summary>
/// <param name="Generation">Changes with each start of the worker.</param>
internal abstract record WorkerEvent(string Generation, long Sequence)
{
    /// <summary>Token blocks became findable: a run under <paramref name="Parent"/> (0 for the root), each under the one before it.</summary>
    internal sealed record Stored(string Generation, long Sequence, ulong Parent, ulong[] Blocks) : WorkerEvent(Generation, Sequence);

    /// <summary>Token blocks that are no longer held.</summary>
    internal sealed record Removed(string Generation, long Sequence, ulong[] Blocks) : WorkerEvent(Generation, Sequence);

    /// <summary>The chain of token blocks that the prompt of a request consists of.</summary>
    internal sealed record Prompt(string Generation, long Sequence, long Request, int Tokens, ulong[] Blocks) : WorkerEvent(Generation, Sequence);

    /// <summary>The heartbeat.</summary>
    internal sealed record Status(string Generation, long Sequence, ReplicaStatus Report) : WorkerEvent(Generation, Sequence);

    /// <summary>A part of all that is held, as of <paramref name="Sequence"/>; the set is replaced when all parts have come.</summary>
    /// <param name="Part">Number of the part, from 0; who reads the stream counts them.</param>
    internal sealed record Snapshot(string Generation, long Sequence, int Part, ulong[] Blocks, bool Last) : WorkerEvent(Generation, Sequence);
}
