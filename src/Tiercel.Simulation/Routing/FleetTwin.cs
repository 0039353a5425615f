using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Routing;

namespace Tiercel.Simulation.Routing;

/// <summary>
/// Replays a trace through the production router in front of simulated engines, in virtual time. The router gets what a gateway can know: what it sent,
/// when tokens came, the usage at the end of an answer, and the engines' metrics.
/// </summary>
internal sealed class FleetTwin
{
    private readonly TwinOptions _options;
    private readonly PoolRouter _router;
    private readonly SimulatedEngine[] _engines;
    private readonly bool[] _stepping;
    private readonly VirtualTime _time = new();
    private readonly Dictionary<long, (double At, RouteDecision Decision, double? First)> _open = [];
    private readonly TwinTally _tally;
    private double _last;

    public FleetTwin(TwinOptions options)
    {
        _options = options;
        _tally = new TwinTally(options);
        _engines = [.. Enumerable.Range(0, options.Engines).Select(i => new SimulatedEngine(options.Speeds[i % options.Speeds.Count], options.Blocks, options.Times))];
        _stepping = new bool[options.Engines];
        _router = new PoolRouter(options.Router, [.. Enumerable.Range(0, options.Engines).Select(i => new ReplicaDescription(i, $"e{i}"))], TimeSpan.Zero);
    }

    public PoolRouter Router => _router;

    /// <summary>Runs the whole trace until the last answer has ended.</summary>
    public TwinReport Run(IReadOnlyList<TraceRow> rows)
    {
        for (int i = 0; i < rows.Count; i++)
        {
            TraceRow row = rows[i];
            long id = i + 1;
            At((row.At - rows[0].At) / _options.Load, () => Arrive(id, row));
        }

        _last = (rows[^1].At - rows[0].At) / _options.Load;
        At(0, Report);
        while (_time.Pending > 0)
        {
            _time.Step(TimeSpan.MaxValue);
        }

        return _tally.Sum(_engines.Average(engine => engine.PrefillSeconds) / Seconds);
    }

    private TimeSpan Now => _time.Now;

    private double Seconds => _time.Now.TotalSeconds;

    private void At(double time, Action action) => _time.At(TimeSpan.FromSeconds(time), action);

    private void Arrive(long id, TraceRow row)
    {
        RouteQuery query = new()
        {
            RequestId = id,
            Fingerprint = PromptText.Fingerprint(row),
            PromptBytes = PromptText.Bytes(row),
            MaxOutputTokens = row.OutputTokens,
            Class = _options.TtftObjective is { } ttft
                ? new ServiceClass { Name = "interactive", TimeToFirstToken = TimeSpan.FromSeconds(ttft), TimePerOutputToken = TimeSpan.FromSeconds(_options.TpotObjective) }
                : null,
        };
        ReplicaAvailability[] available = [.. Enumerable.Range(0, _engines.Length).Select(i => new ReplicaAvailability(i, 1, _router.Load(i).Requests >= _options.MaxConcurrency))];
        RouteDecision decision = _router.Choose(query, available, Now);
        if (decision.Outcome != RouteOutcome.Chosen)
        {
            _tally.Refused(row);
            return;
        }

        _router.Sent(id, decision.Replica, Now);
        _open[id] = (Seconds, decision, null);
        At(Seconds + _options.Latency, () =>
        {
            _engines[decision.Replica].Submit(new SimulatedRequest(id, row));
            if (!_stepping[decision.Replica])
            {
                Step(decision.Replica);
            }
        });
    }

    private void Step(int engine)
    {
        double? seconds = _engines[engine].BeginStep();
        _stepping[engine] = seconds is not null;
        if (seconds is not null)
        {
            At(Seconds + seconds.Value, () =>
            {
                _engines[engine].EndStep(First, Ended);
                Step(engine);
            });
        }
    }

    private void First(SimulatedRequest request) => At(Seconds + _options.Latency, () =>
    {
        _open[request.Id] = _open[request.Id] with { First = Seconds };
        _router.FirstToken(request.Id, Now);
    });

    private void Ended(SimulatedRequest request) => At(Seconds + _options.Latency, () =>
    {
        TraceRow row = request.Row;
        _open.Remove(request.Id, out (double At, RouteDecision Decision, double? First) open);
        _router.Ended(request.Id, new RouteEnd(true, row.InputTokens, _options.TellsCachedTokens ? request.Cached : null, row.OutputTokens), Now);
        _tally.Served(row, open.Decision, request.Cached, open.First!.Value - open.At, Seconds - open.First.Value);
    });

    private void Report()
    {
        for (int i = 0; i < _engines.Length; i++)
        {
            SimulatedEngine engine = _engines[i];
            _router.Report(i, new ReplicaStatus { Running = engine.Running, Waiting = engine.Waiting, KvUse = engine.KvUse, KvTokens = (long)_options.Blocks * SimulatedEngine.BlockTokens }, Now);
        }

        if (Seconds < _last || _open.Count > 0)
        {
            At(Seconds + _options.ReportInterval, Report);
        }
    }
}
