using Tiercel.Engine.Scheduling;

namespace Tiercel.Simulation.Chaos;

/// <summary>A request on a worker.</summary>
internal sealed class WorkerJob(SimulatedRequest request, bool saysRoles)
{
    public SimulatedRequest Request { get; } = request;

    public bool SaysRoles { get; set; } = saysRoles;

    public bool HeadSent { get; set; }

    public WorkerChoice[] Choices { get; } = [.. Enumerable.Range(0, request.Choices).Select(index => new WorkerChoice(index))];
}

/// <summary>One of its choices.</summary>
internal sealed class WorkerChoice(int index)
{
    public int Index { get; } = index;

    public Sequence? Sequence { get; set; }

    public ulong State { get; set; }

    /// <summary>Tokens so far, those of an earlier worker included.</summary>
    public int Tokens { get; set; }

    /// <summary>Tokens that count against the limit; the same, in a worker without defects.</summary>
    public int Counted { get; set; }

    public List<int> HeldBack { get; } = [];

    public bool Finished { get; set; }

    /// <summary>Step in which it last got a token.</summary>
    public long MovedAt { get; set; }
}
