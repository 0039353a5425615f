using Tiercel.Gateway.Admission;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Fleet;

/// <summary>A request that waits for a replica.</summary>
internal sealed class WaitingRequest(FleetRequest request) : QueueEntry
{
    public FleetRequest Request { get; } = request;

    /// <summary>Completed outside the fleet's lock; its continuation runs elsewhere.</summary>
    public TaskCompletionSource<(Attempt? Attempt, ApiError? Error)> Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
