using Tiercel.Gateway.Recovery;

namespace Tiercel.Gateway.Fleet;

/// <summary>One try of a request on a replica, from being sent to its end.</summary>
/// <param name="request">The request.</param>
/// <param name="replica">Where.</param>
/// <param name="health">Number under which health knows the attempt.</param>
/// <param name="started">When it was sent.</param>
/// <param name="record">Its line in "why routed here".</param>
internal sealed class Attempt(FleetRequest request, Replica replica, long health, TimeSpan started, AttemptRecord record) : IDisposable
{
    private readonly CancellationTokenSource _end = CancellationTokenSource.CreateLinkedTokenSource(request.Exchange.ClientGone);
    private long _lastProgressTicks = started.Ticks;

    public FleetRequest Request { get; } = request;

    public Replica Replica { get; } = replica;

    /// <summary>Under which the router and the worker know it: the request's number, but for the second of two attempts at one time.</summary>
    public required long Number { get; init; }

    public long Health { get; } = health;

    public TimeSpan Started { get; } = started;

    public AttemptRecord Record { get; } = record;

    /// <summary>When the upstream was last heard.</summary>
    public TimeSpan LastProgress
    {
        get => new(Volatile.Read(ref _lastProgressTicks));
        set => Volatile.Write(ref _lastProgressTicks, value.Ticks);
    }

    /// <summary>Ends when the client goes, or when the fleet takes the request elsewhere.</summary>
    public CancellationToken Token => _end.Token;

    /// <summary>Why the fleet took the request elsewhere; null while it has not.</summary>
    public StreamFailure? Abandoned { get; private set; }

    public bool HasFirstToken { get; set; }

    /// <summary>Generation of the worker that died under it, as was told later, and when that was; null for none.</summary>
    public (string Generation, TimeSpan Told)? Died { get; set; }

    /// <summary>Its worker died, and not another that stands in its place by now: nothing was heard since.</summary>
    public bool IsLost => Died is { } died && LastProgress <= died.Told;

    /// <summary>The request is suspected to kill workers and is tried alone.</summary>
    public bool IsTrial { get; init; }

    /// <summary>Takes the request away from its replica, which is stalled or drained.</summary>
    public void Abandon(StreamFailure reason)
    {
        Abandoned ??= reason;
        try
        {
            _end.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself in the meantime.
        }
    }

    /// <summary>Another attempt for the same request answered, or ended, before it: what this one took is not billed.</summary>
    public bool HasLost => Lost is not null;

    /// <summary>Why it lost, for "why routed here"; null while it has not.</summary>
    public string? Lost { get; private set; }

    /// <summary>Ends it because another answered first, or because nobody waits any more.</summary>
    public void Lose(bool answered = true)
    {
        Lost = answered ? "the other replica answered first" : "nobody waited any more";
        _end.Cancel();
    }

    public void Dispose() => _end.Dispose();
}
