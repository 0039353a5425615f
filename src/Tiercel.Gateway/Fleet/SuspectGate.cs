using Tiercel.Gateway.Recovery;
using Tiercel.Gateway.Routing;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Fleet;

/// <summary>Where a request goes that was there when workers died: nowhere, or alone onto a worker that has nothing else.</summary>
internal sealed class SuspectGate(FleetServices services, FleetRequest request)
{
    private static readonly TimeSpan Recheck = TimeSpan.FromMilliseconds(50);

    /// <summary>Null when nothing speaks against the request.</summary>
    public async Task<(Attempt? Attempt, ApiError? Error)?> EnterAsync(string kind)
    {
        UInt128 body = request.BodyFingerprint(services.BodyKey);
        TimeSpan deadline = services.Clock.Now + services.Configuration.Queue.MaxWait;
        while (true)
        {
            lock (services.Gate)
            {
                TimeSpan now = services.Clock.Now;
                switch (services.State.Poison.Judge(body, now))
                {
                    case PoisonVerdict.Free:
                        return null;
                    case PoisonVerdict.Quarantined:
                        return (null, ApiErrors.Quarantined());
                    default:
                        if (TryStart(body, kind, now) is Attempt attempt)
                        {
                            return (attempt, null);
                        }

                        if (now >= deadline)
                        {
                            services.State.Poison.Released(request.Number, passed: false);
                            return (null, ApiErrors.QueueRefused("This request waits to be tried on an engine of its own, and none became free in time.", Recheck));
                        }

                        break;
                }
            }

            try
            {
                await Task.Delay(Recheck, services.Clock.Time, request.Exchange.ClientGone);
            }
            catch (OperationCanceledException)
            {
                lock (services.Gate)
                {
                    services.State.Poison.Released(request.Number, passed: false);
                }

                throw;
            }
        }
    }

    /// <summary>Reserves a worker, and starts there once it has nothing else.</summary>
    private Attempt? TryStart(UInt128 body, string kind, TimeSpan now)
    {
        (int, int)[] workers = [.. services.State.Usable(request, now).Select(id => (id, services.State.Replicas[id].Running.Count))];
        if (services.State.Poison.TryReserve(request.PoolName, body, request.Number, workers, now) is not int reserved
            || !services.State.Replicas.TryGetValue(reserved, out Replica? replica)
            || replica.Running.Count > 0
            || !services.State.Poison.Started(request.Number, replica.Generation ?? ""))
        {
            return null;
        }

        RouteDecision alone = new() { RequestId = request.Number, Outcome = RouteOutcome.Chosen, Replica = reserved, Reason = "alone: workers died with this request" };
        return services.State.Begin(request, replica, alone, kind, now, isTrial: true);
    }
}
