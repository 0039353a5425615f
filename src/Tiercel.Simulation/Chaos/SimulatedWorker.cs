using Tiercel.Engine.Scheduling;

namespace Tiercel.Simulation.Chaos;

/// <summary>
/// A worker: the engine's own scheduler over a finite cache, steps whose time follows from their rows, and a process that can die, stand still, be slow or be
/// drained. Requests come in and go out between steps, as in the real one.
/// </summary>
internal sealed partial class SimulatedWorker(int id, string numerics, ChaosOptions options, VirtualTime time, SimulatedLink link, ChaosTally tally)
{
    private const int BlockTokens = 8;

    /// <summary>Steps after which a sequence that has not moved has been starved.</summary>
    private const int StarvedSteps = 600;

    private readonly Dictionary<Connection, WorkerJob> _jobs = [];
    private readonly List<Action> _inbox = [];
    private readonly HashSet<Connection> _hesitating = [];
    private Scheduler _scheduler = NewScheduler(options);
    private Action? _frozenStep;
    private bool _stepping;

    public int Id => id;

    public string Numerics => numerics;

    public SimulatedLink Link => link;

    public bool Up { get; private set; } = true;

    public bool Frozen { get; private set; }

    public bool Draining { get; private set; }

    public int Starts { get; private set; } = 1;

    public string Generation => $"w{id}.{Starts}";

    public long Steps { get; private set; }

    public double Slowness { get; set; } = 1;

    /// <summary>How long requests wait before it begins with them.</summary>
    public TimeSpan Hesitation { get; set; }

    /// <summary>When it last stood still or was slow, for bounds that hold only while it works.</summary>
    public TimeSpan LastTrouble { get; private set; } = TimeSpan.MinValue;

    public int Requests => _jobs.Count + _hesitating.Count;

    /// <summary>Those of them that it has begun with.</summary>
    public int Begun => _jobs.Count;

    public TimeSpan LongestStep { get; private set; }

    /// <summary>Told whenever the process ends: the requests that were there.</summary>
    public event Action<IReadOnlyList<SimulatedRequest>>? Died;

    public bool Holds(Connection connection) => _jobs.ContainsKey(connection) || _hesitating.Contains(connection);

    public IEnumerable<Connection> Connections => _jobs.Keys;

    /// <summary>A connection with a request arrives at the machine.</summary>
    public void Accept(Connection connection, Submission submission)
    {
        if (!Up)
        {
            connection.Send(new WireEvent.Refused());
            return;
        }

        // The machine takes the connection, whatever the process does.
        link.ToGateway(() => connection.Established = true);
        if (Hesitation == TimeSpan.Zero)
        {
            BetweenSteps(() => Begin(connection, submission));
            return;
        }

        int process = Starts;
        _hesitating.Add(connection);
        time.After(Hesitation, () =>
        {
            // Another process knows nothing of it, and one that has hung up meanwhile is not begun with.
            if (process == Starts && _hesitating.Remove(connection))
            {
                BetweenSteps(() => Begin(connection, submission));
            }
        });
    }

    /// <summary>The other side hung up.</summary>
    public void Cancel(Connection connection)
    {
        _hesitating.Remove(connection);
        BetweenSteps(() => End(connection));
    }

    /// <summary>Answers a probe: at once, or between two steps when it asks for a token.</summary>
    public void Probe(bool generate, Action<bool?> answer)
    {
        if (!Up)
        {
            link.ToGateway(() => answer(false));
        }
        else if (generate)
        {
            BetweenSteps(() => link.ToGateway(() => answer(true)));
        }
        else if (!Frozen)
        {
            link.ToGateway(() => answer(true));
        }
    }

    public void Kill()
    {
        Up = false;
        Frozen = false;
        _stepping = false;
        _frozenStep = null;
        LastTrouble = time.Now;
        IReadOnlyList<SimulatedRequest> present = [.. _jobs.Values.Select(job => job.Request)];
        Connection[] open = [.. _jobs.Keys, .. _hesitating];
        _jobs.Clear();
        _sequences.Clear();
        _starved.Clear();
        _inbox.Clear();
        _hesitating.Clear();
        foreach (Connection connection in open)
        {
            connection.Send(new WireEvent.Reset());
        }

        Died?.Invoke(present);
    }

    /// <summary>A new process at the same address.</summary>
    public void Restart()
    {
        Up = true;
        Draining = false;
        Starts++;
        Steps = 0;
        _scheduler = NewScheduler(options);
    }

    public void Freeze()
    {
        Frozen = true;
        LastTrouble = time.Now;
    }

    public void Thaw()
    {
        Frozen = false;
        LastTrouble = time.Now;
        Action? step = _frozenStep;
        _frozenStep = null;
        step?.Invoke();
        Go();
    }

    public void Drain() => Draining = true;

    /// <summary>Sends what is no event of a stream on one of its streams.</summary>
    public bool Babble(Random random)
    {
        if (!Up || Frozen || _jobs.Count == 0)
        {
            return false;
        }

        (Connection connection, WorkerJob job) = _jobs.ElementAt(random.Next(_jobs.Count));
        connection.Send(random.Next(3) switch
        {
            0 => new WireEvent.Garbage(),
            1 => new WireEvent.Content(job.Request.Choices + 3, [1], false),
            _ => new WireEvent.Done(),
        });
        return true;
    }

    /// <summary>Nothing runs here, and every block is free or cached.</summary>
    public void CheckIdle()
    {
        bool clean = _scheduler.RunningCount == 0 && _scheduler.WaitingCount == 0 && _scheduler.FreeBlocks + _scheduler.CachedBlocks == _scheduler.TotalBlocks;
        if (_jobs.Count > 0 || !clean)
        {
            throw new InvariantViolationException(
                "I8",
                $"worker {id} should be idle and has {_jobs.Count} requests, {_scheduler.RunningCount} running and {_scheduler.WaitingCount} waiting sequences, "
                + $"{_scheduler.FreeBlocks} free and {_scheduler.CachedBlocks} cached of {_scheduler.TotalBlocks} blocks");
        }
    }

    private static Scheduler NewScheduler(ChaosOptions options) => new(
        new SchedulerOptions
        {
            TokenBudget = 64,
            MaxOutputs = 16,
            MaxRunning = 16,
            MaxWaiting = 24,
            ContextLength = Math.Min(256, options.Blocks * BlockTokens),
            StepTarget = TimeSpan.FromMilliseconds(200),
        },
        options.Blocks,
        BlockTokens);

    /// <summary>Runs now, or as soon as the step is over and the process moves.</summary>
    private void BetweenSteps(Action action)
    {
        if (!Up)
        {
            return;
        }

        _inbox.Add(action);
        Go();
    }
}
