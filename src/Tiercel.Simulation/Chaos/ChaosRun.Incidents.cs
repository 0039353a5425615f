namespace Tiercel.Simulation.Chaos;

/// <summary>The troubles: when, whom and how long follows from the seed; what took hold is counted.</summary>
internal sealed partial class ChaosRun
{
    private static readonly Faults[] Incidental =
    [
        Faults.Kill, Faults.Freeze, Faults.Reset, Faults.Slow, Faults.EventTrouble, Faults.Partition, Faults.OneWayPartition, Faults.Drain,
        Faults.ClockStep, Faults.Garbage, Faults.Hesitate,
    ];

    private readonly HashSet<int> _eventTrouble = [];

    private void PlanIncidents()
    {
        Faults[] on = [.. Incidental.Where(fault => _options.Faults.HasFlag(fault))];
        for (int i = 0; i < _options.Incidents && on.Length > 0; i++)
        {
            Faults fault = on[_random.Next(on.Length)];
            TimeSpan length = TimeSpan.FromSeconds(0.2) + Seconds(8 * _random.NextDouble());
            _time.At(Seconds(_options.SafetyPhase.TotalSeconds * 0.9), () => Inject(fault, Victim(fault), length));
        }
    }

    /// <summary>Anybody; for troubles of a stream somebody who has one.</summary>
    private SimulatedWorker Victim(Faults fault)
    {
        SimulatedWorker[] busy = fault is Faults.Reset or Faults.Garbage ? [.. _workers.Where(worker => worker.Requests > 0)] : [];
        SimulatedWorker[] among = busy.Length > 0 ? busy : _workers;
        return among[_random.Next(among.Length)];
    }

    private void Inject(Faults fault, SimulatedWorker worker, TimeSpan length)
    {
        _trace.Add('!', (long)fault, worker.Id);
        bool tookHold = fault switch
        {
            Faults.Kill => Kill(worker),
            Faults.Freeze => Freeze(worker, length),
            Faults.Reset => Reset(worker),
            Faults.Slow => Slow(worker, length),
            Faults.EventTrouble => TroubleEvents(worker, length),
            Faults.Partition => Part(worker, length, true, true),
            Faults.OneWayPartition => Part(worker, length, _random.Next(2) == 0, null),
            Faults.Drain => Drain(worker, length),
            Faults.ClockStep => StepClock(),
            Faults.Garbage => worker.Babble(_random),
            Faults.Hesitate => Hesitate(worker, length),
            _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, "not an incident"),
        };
        Tally.Count(tookHold ? $"fault {fault}" : $"no {fault}");
    }

    private static bool Kill(SimulatedWorker worker)
    {
        if (!worker.Up)
        {
            return false;
        }

        worker.Kill();
        return !worker.Up && worker.Requests == 0;
    }

    /// <summary>Whatever killed it, somebody starts it again.</summary>
    private void WorkerDied(SimulatedWorker worker, IReadOnlyList<SimulatedRequest> present)
    {
        _trace.Add('d', worker.Id, present.Count);
        _lastDeath = _time.Now;
        Tally.Count(present.Count > 0 ? "death with requests" : "death of an idle worker");
        _time.After(TimeSpan.FromSeconds(0.3) + Seconds(4), () =>
        {
            if (!worker.Up)
            {
                worker.Restart();
            }
        });
    }

    private bool Freeze(SimulatedWorker worker, TimeSpan length)
    {
        if (!worker.Up || worker.Frozen)
        {
            return false;
        }

        long steps = worker.Steps;
        int starts = worker.Starts;
        worker.Freeze();
        _time.After(length, () =>
        {
            if (worker.Frozen && worker.Starts == starts)
            {
                if (worker.Steps != steps)
                {
                    throw new InvalidOperationException($"worker {worker.Id} made steps while it stood still");
                }

                worker.Thaw();
            }
        });
        return true;
    }

    private bool Reset(SimulatedWorker worker)
    {
        Connection[] open = [.. worker.Connections];
        if (open.Length == 0)
        {
            return false;
        }

        Connection connection = open[_random.Next(open.Length)];
        connection.Break();
        _time.After(_options.Latency, () => worker.Cancel(connection));
        return true;
    }

    private bool Slow(SimulatedWorker worker, TimeSpan length)
    {
        worker.Slowness = 2 + (20 * _random.NextDouble());
        _time.After(length, () => worker.Slowness = 1);
        return true;
    }

    private bool Hesitate(SimulatedWorker worker, TimeSpan length)
    {
        worker.Hesitation = TimeSpan.FromSeconds(0.2) + Seconds(3);
        _time.After(length, () => worker.Hesitation = TimeSpan.Zero);
        return true;
    }

    private bool TroubleEvents(SimulatedWorker worker, TimeSpan length)
    {
        _time.After(length, () => _eventTrouble.Remove(worker.Id));
        return _eventTrouble.Add(worker.Id);
    }

    private bool Part(SimulatedWorker worker, TimeSpan length, bool inward, bool? outward)
    {
        worker.Link.Block(inward, outward ?? !inward);
        _time.After(length, worker.Link.Heal);
        return true;
    }

    private bool Drain(SimulatedWorker worker, TimeSpan length)
    {
        if (!worker.Up || worker.Draining)
        {
            return false;
        }

        int starts = worker.Starts;
        worker.Drain();
        _time.After(length, () => EndDrain(worker, starts, hurry: false));
        return true;
    }

    /// <summary>A drained process ends when it has nothing left, or when its time is up.</summary>
    private void EndDrain(SimulatedWorker worker, int starts, bool hurry)
    {
        if (!worker.Up || worker.Starts != starts)
        {
            return;
        }

        if (worker.Requests == 0 || hurry)
        {
            worker.Kill();
        }
        else
        {
            _time.After(TimeSpan.FromSeconds(5), () => EndDrain(worker, starts, hurry: true));
        }
    }

    private bool StepClock()
    {
        DateTimeOffset before = _epoch + _time.Now + _clockSkew;
        _clockSkew += TimeSpan.FromHours((2 * _random.NextDouble()) - 1);
        return _epoch + _time.Now + _clockSkew != before;
    }

    /// <summary>The end of all troubles.</summary>
    private void Heal()
    {
        _healed = true;
        _eventTrouble.Clear();
        foreach (SimulatedWorker worker in _workers)
        {
            worker.Link.Heal();
            worker.Slowness = 1;
            worker.Hesitation = TimeSpan.Zero;
            if (worker.Frozen)
            {
                worker.Thaw();
            }

            if (worker.Draining && worker.Up)
            {
                worker.Kill();
            }
        }
    }
}
