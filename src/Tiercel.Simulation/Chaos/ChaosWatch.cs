using Tiercel.Gateway.Admission;
using Tiercel.Gateway.Fleet;
using Tiercel.Gateway.Health;
using Tiercel.Gateway.Recovery;
using ReplicaState = Tiercel.Gateway.Health.ReplicaState;

namespace Tiercel.Simulation.Chaos;

/// <summary>
/// Checks what must hold whatever happens. It counts for itself what the decisions count, and believes none of them. Numbers are those of the project's list
/// of invariants: I1 to I6 requests, I8 and I12 memory, I14 to I19 routing and overload, I21 bounds, I22 and I23 money. H1 to H5 are those of a second attempt
/// beside a late one.
/// </summary>
internal sealed partial class ChaosWatch(SimulatedGateway gateway, ChaosOptions options, VirtualTime time, Trace trace)
{
    private readonly Dictionary<long, RequestAccount> _requests = [];
    private readonly Dictionary<UInt128, int> _deaths = [];
    private readonly HashSet<UInt128> _diedAlone = [];
    private readonly Queue<TimeSpan> _retries = new();
    private readonly Queue<TimeSpan> _arrivals = new();
    private readonly Dictionary<int, long> _attempts = [];
    private long _events;

    /// <summary>What was billed, per tenant.</summary>
    public Dictionary<string, (long Prompt, long Completion)> Ledger { get; } = [];

    public void Accepted(GatewayStream stream)
    {
        trace.Add('a', stream.Request.Number);
        _requests.Add(stream.Request.Number, new RequestAccount(stream));
        _arrivals.Enqueue(time.Now);
    }

    public void Closed(GatewayStream stream)
    {
        trace.Add('c', stream.Request.Number, stream.Client.Ended!.Length);
        RequestAccount account = _requests[stream.Request.Number];
        Require(!account.Closed, "I1", $"request {stream.Request.Number} ends twice");
        Require(stream.Client.Ended is not null, "I1", $"request {stream.Request.Number} is put away without an end");
        account.Closed = true;
    }

    public void Sent(GatewayAttempt attempt, Submission submission)
    {
        GatewayStream stream = attempt.Stream;
        trace.Add('s', stream.Request.Number, attempt.Replica.Id);
        Require(stream.Client.Ended is null, "I1", $"request {stream.Request.Number} is sent after its end");
        CheckCompany(attempt);
        CheckResume(stream, submission);
        RequestAccount account = _requests[stream.Request.Number];
        account.Leads = attempt.IsHedge ? account.Leads : attempt;
        account.Tries += submission.Resumed is null ? 1 : 0;
        account.Resumes += submission.Resumed is null ? 0 : 1;
        Require(account.Tries <= gateway.Configuration.Retries.MaxTries, "I16", $"request {stream.Request.Number} is tried {account.Tries} times");
        Require(account.Resumes <= ResumePlan.MaxResumes, "I16", $"request {stream.Request.Number} is resumed {account.Resumes} times");
        CheckPoison(attempt);
    }

    public void Ended(GatewayAttempt attempt, AttemptOutcome outcome)
    {
        trace.Add('e', attempt.Stream.Request.Number, (long)outcome);
        UInt128 body = attempt.Stream.Request.Fingerprint;
        CountTime(attempt);
        if (attempt.Alone && outcome == AttemptOutcome.Success)
        {
            _deaths.Remove(body);
        }
        else if (attempt.Alone && outcome is AttemptOutcome.Reset or AttemptOutcome.ConnectRefused or AttemptOutcome.Timeout)
        {
            _diedAlone.Add(body);
        }
    }

    public void DeathTold(UInt128[] present, bool alone)
    {
        foreach (UInt128 body in present)
        {
            if (alone)
            {
                _diedAlone.Add(body);
            }

            _deaths[body] = _deaths.GetValueOrDefault(body) + 1;
        }
    }

    public void RefusedAsPoison(SimulatedRequest request)
        => Require(_diedAlone.Contains(request.Fingerprint), "I19", $"body {request.Body} is quarantined, and no worker died with it alone");

    public void Retried(in RetryDecision decision)
    {
        trace.Add('r', decision.Delay.Ticks);
        CountRetry();
    }

    private void CountRetry()
    {
        _retries.Enqueue(time.Now);
        TimeSpan from = time.Now - TimeSpan.FromSeconds(10);
        double allowed = (gateway.Configuration.Retries.BudgetShare * _arrivals.Count(at => at > from)) + (gateway.Configuration.Retries.BudgetPerSecond * 10);
        int made = _retries.Count(at => at > from);
        Require(made <= allowed, "I16", $"{made} retries within ten seconds, {allowed} allowed");
    }

    public void Planned(in ResumePlan plan) => Require(plan.MaxTokens is not <= 0, "I4", "a plan asks for no tokens");

    public void Served(GatewayStream stream, TimeSpan since)
        => Require(time.Now - since < gateway.Configuration.Queue.MaxWait, "I17", $"request {stream.Request.Number} has its turn after {time.Now - since} in the queue");

    public void Forwarded(GatewayAttempt attempt, WireEvent.Content content)
    {
        GatewayStream stream = attempt.Stream;
        CheckAnswer(attempt);
        trace.Add('f', stream.Request.Number, content.Tokens.Length);
        long kept = 0;
        for (int choice = 0; choice < stream.Request.Choices; choice++)
        {
            kept += stream.Journal.Tokens(choice).Length;
        }

        Require(kept <= options.JournalTokens, "I21", $"{kept} tokens are kept of request {stream.Request.Number}, {options.JournalTokens} allowed");
    }

    /// <summary>A cancel reaches a worker that works within a step and the way there.</summary>
    public void Cancelled(GatewayReplica replica, Connection connection)
    {
        SimulatedWorker worker = replica.Worker;
        TimeSpan since = time.Now;
        bool Troubled() => worker.Frozen || worker.Link.BlockedIn || worker.Link.LastBlocked >= since || worker.LastTrouble >= since;
        if (Troubled())
        {
            return;
        }

        time.After((2 * options.Latency) + worker.LongestStep + options.StepTime * 8, () => Require(
            Troubled() || !worker.Holds(connection), "I6", $"worker {worker.Id} computes for a client that left {time.Now - since} ago"));
    }

    public void Billed(GatewayStream stream, int prompt, int completion)
    {
        trace.Add('b', stream.Request.Number, completion);
        RequestAccount account = _requests[stream.Request.Number];
        Require(!account.Billed, "I22", $"request {stream.Request.Number} is billed twice");
        account.Billed = true;
        CheckWhatIsBilled(account);
        Require(completion == stream.Client.Completion, "I22", $"request {stream.Request.Number} is billed {completion} tokens and got {stream.Client.Completion}");
        Require(prompt <= stream.Request.Prompt.Length, "I23", $"request {stream.Request.Number} is billed {prompt} tokens of a prompt of {stream.Request.Prompt.Length}");
        (long prompts, long completions) = Ledger.GetValueOrDefault(stream.Request.Tenant);
        Ledger[stream.Request.Tenant] = (prompts + prompt, completions + completion);
    }

    /// <summary>Who can be used respects the cap of ejections and the panic threshold.</summary>
    public void Seen(List<ReplicaHealth> pool)
    {
        int ejected = pool.Count(one => one.State == ReplicaState.Ejected);
        int most = pool.Count < 2 ? 0 : Math.Max(1, (int)(gateway.Configuration.Health.MaxEjectedShare * pool.Count));
        Require(ejected <= most, "I18", $"{ejected} of {pool.Count} replicas are ejected, {most} may be");
        int members = pool.Count(one => one.State != ReplicaState.Draining);
        int usable = pool.Count(one => one.IsUsable && !one.Panic);
        if (usable >= gateway.Configuration.Health.PanicShare * members)
        {
            return;
        }

        foreach (ReplicaHealth one in pool)
        {
            Require(one.IsUsable || one.State is ReplicaState.Draining or ReplicaState.Down, "I18", $"{usable} of {members} replicas are left, and one that is {one.State} is not used");
        }

        Require(members == 0 || pool.Exists(one => one.IsUsable), "I18", "no replica is used at all");
    }

    /// <summary>A request that would take any replica finds none: then there must be none.</summary>
    public void NotPlaced(PlaceTerms terms, List<ReplicaHealth> pool)
    {
        bool any = terms.Only is null && terms.NumericsId is null && terms.Excluded.Count == 0;
        Require(!any || !pool.Exists(one => one.IsUsable && !gateway.Poison.IsReserved(one.Replica)), "I18", "replicas can be used, and none is");
    }

    /// <summary>After each event of the world.</summary>
    public void AfterEvent()
    {
        _events++;
        foreach (GatewayReplica replica in gateway.Replicas)
        {
            HealthCounters counters = gateway.Health.Counters(replica.Id);
            Require(counters.InFlight == replica.Running.Count, "I15", $"{counters.InFlight} requests are counted on worker {replica.Id}, {replica.Running.Count} are there");
            Require(counters.Attempts >= _attempts.GetValueOrDefault(replica.Id), "I15", $"the counter of worker {replica.Id} went back");
            _attempts[replica.Id] = counters.Attempts;
            if (_events % 8 == replica.Id)
            {
                int routed = gateway.Router.Load(replica.Id).Requests;
                Require(routed == replica.Running.Count, "I15", $"the router counts {routed} requests on worker {replica.Id}, {replica.Running.Count} are there");
            }
        }

        Require(gateway.Queue.Count <= options.QueueLength, "I17", $"{gateway.Queue.Count} requests wait, {options.QueueLength} may");
        Require(gateway.Poison.Known <= PoisonBook.MaxRequests, "I21", "too many requests are remembered");
    }

    /// <summary>All faults were healed long ago: everything has ended, everything is given back, everybody works again.</summary>
    public void AtRest(IReadOnlyList<SimulatedWorker> workers)
    {
        foreach (RequestAccount account in _requests.Values)
        {
            Require(account.Closed, "I1", $"request {account.Stream.Request.Number} has not ended after {time.Now - account.Stream.Arrived}");
            Require(account.Billed, "I22", $"request {account.Stream.Request.Number} was never settled");
        }

        foreach (TenantAccount account in gateway.Accounts.All)
        {
            (BudgetAccount day, BudgetAccount month) = account.Budget;
            Require(account.Running == (0, 0), "I22", $"tenant {account.Name} still holds {account.Running}");
            Require(day.Reserved.Nanos == 0 && month.Reserved.Nanos == 0, "I22", $"tenant {account.Name} still has {month.Reserved} reserved");
        }

        foreach (SimulatedWorker worker in workers)
        {
            worker.CheckIdle();
            Require(gateway.Health.Counters(worker.Id).InFlight == 0 && gateway.Router.Load(worker.Id).Requests == 0, "I15", "load is counted where there is none");
            ReplicaHealth health = gateway.Health.Of(worker.Id, time.Now);
            Require(health is { State: ReplicaState.Ok or ReplicaState.SlowStart }, "I18", $"worker {worker.Id} works and is still {health.State}");
            Require(options.Foreign || gateway.Health.Generation(worker.Id) == worker.Generation, "I14", $"worker {worker.Id} is taken for {gateway.Health.Generation(worker.Id)}");
            Require(!gateway.Poison.IsReserved(worker.Id), "I19", $"worker {worker.Id} is still kept for a suspect");
        }
    }

    /// <summary>What goes to another worker is exactly what the client has, and there is something left to do.</summary>
    private static void CheckResume(GatewayStream stream, Submission submission)
    {
        SimulatedClient client = stream.Client;
        if (submission.Resumed is not { } resumed)
        {
            Require(!client.AnyContent, "I5", $"request {stream.Request.Number} starts again after {client.Completion} tokens");
            return;
        }

        for (int choice = 0; choice < stream.Request.Choices; choice++)
        {
            Require(resumed[choice].Tokens.SequenceEqual(client.Tokens(choice)), "I3", $"choice {choice} of request {stream.Request.Number} is resumed at another place");
            Require(resumed[choice].Finished == client.IsFinished(choice), "I3", $"choice {choice} of request {stream.Request.Number} is resumed in another state");
        }

        Require(!client.AllFinished, "I4", $"request {stream.Request.Number} is resumed with nothing left to generate");
    }

    private void CheckPoison(GatewayAttempt attempt)
    {
        UInt128 body = attempt.Stream.Request.Fingerprint;
        bool suspect = _deaths.GetValueOrDefault(body) >= PoisonBook.DeathsToSuspect;
        Require(suspect == attempt.Alone, "I19", $"body {body} was at {_deaths.GetValueOrDefault(body)} deaths and runs {(attempt.Alone ? "alone" : "beside others")}");
        Require(!attempt.Alone || attempt.Replica.Running.Count == 1, "I19", "a suspect is tried beside others");
        Require(attempt.Alone || !attempt.Replica.Running.Exists(other => other.Alone && other.DeathTold is null), "I19", "a request joins a suspect that should be alone");
    }

    private static void Require(bool holds, string invariant, string what)
    {
        if (!holds)
        {
            throw new InvariantViolationException(invariant, what);
        }
    }

    private sealed class RequestAccount(GatewayStream stream)
    {
        public GatewayStream Stream { get; } = stream;

        public int Tries { get; set; }

        public int Resumes { get; set; }

        public bool Closed { get; set; }

        public bool Billed { get; set; }

        /// <summary>The attempt whose tokens the client got last.</summary>
        public GatewayAttempt? Answered { get; set; }

        /// <summary>The attempt that has the request, as far as anybody can say: a second one has it once it answers.</summary>
        public GatewayAttempt? Leads { get; set; }

        /// <summary>Time on workers of all attempts but those that lost against another.</summary>
        public TimeSpan EngineTime { get; set; }

        public HashSet<GatewayAttempt> Lost { get; } = [];
    }
}
