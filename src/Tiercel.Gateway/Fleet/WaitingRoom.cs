using Tiercel.Gateway.Admission;
using Tiercel.Gateway.Configuration;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Fleet;

/// <summary>
/// The queues in front of the pools. First attempts wait here when every replica is at its limit; what was accepted before (retries, resumes) does not wait
/// again. All decisions are made under the fleet's lock, all answers are given outside it.
/// </summary>
internal sealed class WaitingRoom(FleetServices services)
{
    private const string TooLate = "No engine became free in time.";

    private readonly Dictionary<string, FairQueue> _queues = new(StringComparer.Ordinal);

    /// <summary>Requests that wait, over all pools. Under the fleet's lock.</summary>
    public int Count => _queues.Values.Sum(queue => queue.Count);

    /// <summary>Requests that wait for a pool. Under the fleet's lock.</summary>
    public int CountOf(string pool) => _queues.TryGetValue(pool, out FairQueue? queue) ? queue.Count : 0;

    /// <summary>Bytes of their bodies. Under the fleet's lock.</summary>
    public long BytesOf(string pool) => _queues.TryGetValue(pool, out FairQueue? queue) ? queue.Bytes : 0;

    /// <summary>Requests of a tenant that wait, over all pools. Under the fleet's lock.</summary>
    public int CountOfTenant(string tenant) => _queues.Values.Sum(queue => queue.CountOf(tenant));

    /// <summary>Finds a replica and counts the request there, now or when its turn comes.</summary>
    public ValueTask<(Attempt? Attempt, ApiError? Error)> StartAsync(FleetRequest request, PlaceTerms terms, string kind)
    {
        WaitingRequest? waiting = null;
        List<QueueEntry> pushedOut;
        List<QueueEntry> expired;
        ApiError? refusal = null;
        lock (services.Gate)
        {
            if (services.Stopping.IsCancellationRequested)
            {
                return new((null, ApiErrors.Interrupted()));
            }

            TimeSpan now = services.Clock.Now;
            FairQueue queue = QueueOf(request.PoolName);
            if (terms.MustServe || queue.Count == 0)
            {
                (Attempt? attempt, Placement placement) = services.State.TryStart(request, terms, kind, now);
                if (!placement.Waits)
                {
                    return new((attempt, placement.Error));
                }
            }

            (pushedOut, expired) = ([], []);

            // What has waited in vain goes first: the bound holds for all that are kept, those among them too.
            queue.Expire(now, expired);
            waiting = Entry(request, now);
            EnqueueOutcome outcome = queue.TryEnqueue(waiting, now, pushedOut);
            if (outcome != EnqueueOutcome.Queued)
            {
                string why = outcome == EnqueueOutcome.TenantFull
                    ? "You have as many requests waiting as you may."
                    : "Too many requests are waiting for this model.";
                refusal = ApiErrors.QueueRefused(why, queue.RetryAfter(waiting.Priority, now));
            }
        }

        Refuse(expired, TooLate);
        if (refusal is not null)
        {
            return new((null, refusal));
        }

        Refuse(pushedOut, "Another request took the place in the queue: it is more urgent, or of somebody who has fewer waiting.");
        Pump();
        return new(WaitAsync(waiting));
    }

    /// <summary>Lets those go on whose turn has come: after every end of an attempt, and with the pulse.</summary>
    public void Pump()
    {
        List<(WaitingRequest Waiting, Attempt? Attempt, ApiError? Error)>? turns = null;
        List<QueueEntry> expired = [];
        lock (services.Gate)
        {
            TimeSpan now = services.Clock.Now;
            foreach (FairQueue queue in _queues.Values)
            {
                if (queue.Count == 0)
                {
                    continue;
                }

                queue.Expire(now, expired);
                (Attempt? Attempt, ApiError? Error) result = default;
                UpstreamCapabilities kept = UpstreamCapabilities.None;
                while (queue.TryDequeue(now, entry => Judge((WaitingRequest)entry, now, ref kept, out result)) is WaitingRequest next)
                {
                    (turns ??= []).Add((next, result.Attempt, result.Error));
                }
            }
        }

        foreach ((WaitingRequest waiting, Attempt? attempt, ApiError? error) in turns ?? [])
        {
            waiting.Turn.SetResult((attempt, error));
        }

        Refuse(expired, TooLate);
    }

    /// <summary>The gateway ends: nobody's turn comes any more.</summary>
    public void Empty()
    {
        List<QueueEntry> all = [];
        lock (services.Gate)
        {
            foreach (FairQueue queue in _queues.Values)
            {
                queue.Expire(TimeSpan.MaxValue, all);
            }
        }

        foreach (WaitingRequest entry in all.Cast<WaitingRequest>())
        {
            entry.Turn.TrySetResult((null, ApiErrors.Interrupted()));
        }
    }

    /// <summary>After a reload. Under the fleet's lock.</summary>
    public void Reconfigure(QueueSettings settings)
    {
        foreach (FairQueue queue in _queues.Values)
        {
            queue.Reconfigure(settings);
        }
    }

    /// <param name="kept">
    /// For what only places are left that are kept from tenants above their share. While turns are given places only become fewer, so that the others of
    /// them need not be tried, of whom many may wait.
    /// </param>
    private TurnVerdict Judge(WaitingRequest waiting, TimeSpan now, ref UpstreamCapabilities kept, out (Attempt? Attempt, ApiError? Error) result)
    {
        result = default;
        UpstreamCapabilities needed = Pool.Needed(waiting.Request.Kind);
        if (kept.HasFlag(needed) && services.State.IsAboveShare(waiting.Request, now))
        {
            return TurnVerdict.Skip;
        }

        (Attempt? attempt, Placement placement) = services.State.TryStart(waiting.Request, PlaceTerms.First, "first", now);
        result = (attempt, placement.Error);
        if (placement.IsKept)
        {
            kept |= needed;
            return TurnVerdict.Skip;
        }

        return placement.Waits ? TurnVerdict.Stop : TurnVerdict.Run;
    }

    private FairQueue QueueOf(string pool)
    {
        if (!_queues.TryGetValue(pool, out FairQueue? queue))
        {
            // As many as there are pools, which the operator configures.
            queue = new FairQueue(services.Configuration.Queue);
            _queues[pool] = queue;
        }

        return queue;
    }

    private WaitingRequest Entry(FleetRequest request, TimeSpan now)
    {
        TimeSpan longest = services.Configuration.Queue.MaxWait;
        if (request.Class?.TimeToFirstToken is TimeSpan objective && objective < longest)
        {
            longest = objective;
        }

        return new WaitingRequest(request)
        {
            Id = request.Number,
            Tenant = request.Caller.Tenant.Name,
            Weight = request.Caller.Tenant.Weight,
            Priority = request.Class?.Priority ?? 0,
            Tokens = request.EstimatedTokens,
            Bytes = request.Body.Length,
            Deadline = now + longest,
        };
    }

    private async Task<(Attempt? Attempt, ApiError? Error)> WaitAsync(WaitingRequest waiting)
    {
        using CancellationTokenRegistration gone = waiting.Request.Exchange.ClientGone.Register(
            static state =>
            {
                (WaitingRoom room, WaitingRequest waiting) = ((WaitingRoom, WaitingRequest))state!;
                room.Leave(waiting);
            },
            (this, waiting));
        return await waiting.Turn.Task;
    }

    private void Leave(WaitingRequest waiting)
    {
        bool removed;
        lock (services.Gate)
        {
            removed = QueueOf(waiting.Request.PoolName).Remove(waiting);
        }

        if (removed)
        {
            waiting.Turn.TrySetCanceled(waiting.Request.Exchange.ClientGone);
        }
    }

    private void Refuse(List<QueueEntry> entries, string why)
    {
        foreach (WaitingRequest entry in entries.Cast<WaitingRequest>())
        {
            TimeSpan retry;
            lock (services.Gate)
            {
                retry = QueueOf(entry.Request.PoolName).RetryAfter(entry.Priority, services.Clock.Now);
            }

            entry.Turn.TrySetResult((null, ApiErrors.QueueRefused(why, retry)));
        }
    }
}
