using Tiercel.Gateway.Recovery;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Fleet;

/// <summary>Where a request goes that was there when workers died: nowhere, or alone onto a worker that has nothing else.</summary>
internal sealed class SuspectGate(FleetServices services, FleetRequest request)
{
    private static readonly TimeSpan Recheck = TimeSpan.FromMilliseconds(50);

    /// <summary>Null when nothing speaks against the request.</summary>
    public async Task<(Attempt? Attempt, ApiError? Error)?> EnterAsync(PlaceTerms terms, string kind)
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
                        if (services.State.TryStartAlone(request, body, terms, kind, now) is Attempt attempt)
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
}
