using Tiercel.Gateway.Routing;

namespace Tiercel.Gateway.Workers;

/// <summary>Where a <see cref="WorkerLink"/> tells what it hears. Called by one thread at a time, never after the link was disposed.</summary>
internal interface IWorkerSink
{
    /// <summary>The worker answers: at the first connection and after each break.</summary>
    void Connected(WorkerInfo info);

    /// <summary>
    /// The next event. Within a generation they come without gaps, a snapshot first. With <see cref="EventOutcome.Gap"/> or <see cref="EventOutcome.Invalid"/> the
    /// sink asks for a new snapshot.
    /// </summary>
    EventOutcome Apply(WorkerEvent news);

    /// <summary>The heartbeat; it was an event too.</summary>
    void Beat(string generation, WorkerStatus status);

    /// <summary>The worker does not answer, or says what no worker says; the link goes on trying.</summary>
    void Lost(string reason);
}
