using Tiercel.Engine.Scheduling;

namespace Tiercel.Simulation.Chaos;

/// <summary>What happens between and in steps.</summary>
internal sealed partial class SimulatedWorker
{
    private readonly Dictionary<Sequence, (Connection Connection, WorkerChoice Choice)> _sequences = [];
    private readonly List<Sequence> _starved = [];
    private long _lifetimeSteps;

    private void Begin(Connection connection, Submission submission)
    {
        if (Draining || _scheduler.WaitingCount + submission.Request.Choices > _scheduler.Options.MaxWaiting)
        {
            connection.Send(new WireEvent.Full(TimeSpan.FromSeconds(1)));
            return;
        }

        WorkerJob job = new(submission.Request, saysRoles: !submission.SkipsRoles);
        _jobs.Add(connection, job);
        foreach (WorkerChoice choice in job.Choices)
        {
            (int[] tokens, bool finished) = submission.Resumed?[choice.Index] ?? ([], false);
            choice.State = TokenOracle.After(job.Request, choice.Index, numerics, tokens);
            choice.Tokens = tokens.Length;
            choice.Counted = options.Defect == Defect.CountsTokensAnew ? 0 : tokens.Length;
            choice.Finished = finished;
            choice.MovedAt = _lifetimeSteps;
            if (finished)
            {
                continue;
            }

            // All tokens were there and only the end was missing: nothing is computed.
            if (EndsNow(job, choice))
            {
                choice.Finished = true;
                Emit(connection, job, new WireEvent.Content(choice.Index, [], true));
                continue;
            }

            SequenceArrival arrival = new() { Prompt = [.. job.Request.Prompt, .. tokens], CacheSalt = job.Request.Tenant, Priority = job.Request.Priority };
            choice.Sequence = _scheduler.TryAdd(arrival, time.Now)!;
            _sequences.Add(choice.Sequence, (connection, choice));
        }

        Complete(connection, job);
    }

    private void End(Connection connection)
    {
        if (!_jobs.Remove(connection, out WorkerJob? job))
        {
            return;
        }

        foreach (WorkerChoice choice in job.Choices)
        {
            if (choice.Sequence is { } sequence && _sequences.Remove(sequence) && options.Defect != Defect.LeaksBlocks)
            {
                _scheduler.Finish(sequence);
            }
        }
    }

    private void Go()
    {
        if (_stepping || Frozen || !Up)
        {
            return;
        }

        for (int i = 0; i < _inbox.Count; i++)
        {
            _inbox[i]();
        }

        _inbox.Clear();
        StepPlan plan = _scheduler.Plan(time.Now);
        tally.Preemptions += plan.Preempted.Count;
        if (options.Defect == Defect.StarvesPreempted)
        {
            _starved.AddRange(plan.Preempted);
        }

        if (plan.IsEmpty)
        {
            if (_sequences.Count > 0)
            {
                throw new InvariantViolationException("I12", $"worker {id} sees nothing to do and has {_sequences.Count} sequences that have not ended");
            }

            return;
        }

        int rows = 0;
        foreach (PlannedChunk chunk in plan.Chunks)
        {
            rows += chunk.Count;
        }

        _stepping = true;
        TimeSpan elapsed = options.StepTime * (1 + (0.05 * rows)) * Slowness;
        LongestStep = elapsed > LongestStep ? elapsed : LongestStep;
        LastTrouble = Slowness > 1 ? time.Now : LastTrouble;
        int process = Starts;
        time.After(elapsed, () => EndStep(plan, elapsed, process));
    }

    private void EndStep(StepPlan plan, TimeSpan elapsed, int process)
    {
        if (!Up || process != Starts)
        {
            return;
        }

        if (Frozen)
        {
            _frozenStep = () => EndStep(plan, elapsed, process);
            return;
        }

        PlannedChunk? poison = plan.Chunks.Cast<PlannedChunk?>().FirstOrDefault(chunk => IsPoison(chunk!.Value));
        if (poison is not null)
        {
            tally.PoisonDeaths++;
            Kill();
            return;
        }

        _stepping = false;
        Steps++;
        _lifetimeSteps++;
        tally.Steps++;
        _scheduler.Complete(plan, elapsed);
        PlannedChunk[] last = [.. plan.Chunks.Where(chunk => chunk.IsLast)];
        foreach (PlannedChunk chunk in last)
        {
            if (_sequences.TryGetValue(chunk.Sequence, out (Connection Connection, WorkerChoice Choice) owner))
            {
                Sample(owner.Connection, _jobs[owner.Connection], owner.Choice, chunk.Sequence);
            }
        }

        FinishStarved();
        CheckProgress();
        Go();
    }

    private bool IsPoison(in PlannedChunk chunk)
        => chunk.IsLast && _sequences.TryGetValue(chunk.Sequence, out (Connection Connection, WorkerChoice Choice) owner)
            && _jobs[owner.Connection].Request.PoisonAt <= owner.Choice.Tokens;

    private void Sample(Connection connection, WorkerJob job, WorkerChoice choice, Sequence sequence)
    {
        int token = TokenOracle.Token(choice.State);
        choice.State = TokenOracle.Next(choice.State, token);
        choice.Tokens++;
        choice.Counted++;
        choice.MovedAt = _lifetimeSteps;
        choice.HeldBack.Add(token);
        choice.Finished = EndsNow(job, choice) || sequence.Tokens.Count + 1 >= _scheduler.Options.ContextLength;
        if (!choice.Finished)
        {
            _scheduler.Append(sequence, token);
            if (TokenOracle.HoldsBack(choice.State))
            {
                return;
            }
        }

        int[] tokens = [.. choice.HeldBack];
        choice.HeldBack.Clear();
        bool apart = choice.Finished && TokenOracle.EndsApart(choice.State);
        Emit(connection, job, new WireEvent.Content(choice.Index, tokens, choice.Finished && !apart));
        if (apart)
        {
            Emit(connection, job, new WireEvent.Content(choice.Index, [], true));
        }

        if (choice.Finished)
        {
            _sequences.Remove(sequence);
            _scheduler.Finish(sequence);
            choice.Sequence = null;
            Complete(connection, job);
        }
    }

    private bool EndsNow(WorkerJob job, WorkerChoice choice)
        => options.Defect == Defect.CountsTokensAnew
            ? choice.Counted >= job.Request.MaxTokens
            : TokenOracle.Ends(job.Request, choice.State, choice.Tokens);

    private void Emit(Connection connection, WorkerJob job, WireEvent message)
    {
        if (!job.HeadSent)
        {
            job.HeadSent = true;
            connection.Send(new WireEvent.Head(numerics));
        }

        if (job.SaysRoles)
        {
            job.SaysRoles = false;
            for (int choice = 0; choice < job.Request.Choices; choice++)
            {
                connection.Send(new WireEvent.Role(choice));
            }
        }

        connection.Send(message);
    }

    private void Complete(Connection connection, WorkerJob job)
    {
        if (!job.Choices.All(choice => choice.Finished))
        {
            return;
        }

        Emit(connection, job, new WireEvent.Usage(job.Request.Prompt.Length, job.Choices.Sum(choice => choice.Tokens)));
        if (job.Request.Seed % 3 != 0)
        {
            Close();
            return;
        }

        // Somebody may die between the last token and the end of the stream.
        int process = Starts;
        time.After(3 * options.StepTime, () =>
        {
            if (process == Starts && _jobs.ContainsKey(connection))
            {
                BetweenSteps(Close);
            }
        });

        void Close()
        {
            connection.Send(new WireEvent.Done());
            _jobs.Remove(connection);
        }
    }

    /// <summary>The planted bug of that name.</summary>
    private void FinishStarved()
    {
        foreach (Sequence sequence in _starved)
        {
            _scheduler.Finish(sequence);
        }

        _starved.Clear();
    }

    private void CheckProgress()
    {
        foreach ((_, WorkerChoice choice) in _sequences.Values)
        {
            if (_lifetimeSteps - choice.MovedAt > StarvedSteps)
            {
                throw new InvariantViolationException("I12", $"worker {id} has made {StarvedSteps} steps without a token for a sequence that it has");
            }
        }
    }
}
