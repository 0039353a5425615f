using System.Collections.Concurrent;
using Tiercel.Cli.Tests.Processes;

namespace Tiercel.Cli.Tests.Fleet;

/// <summary>Which streams clients are reading, and from which worker each began; by it a fault is made to strike workers that have something to lose.</summary>
internal sealed class RunningStreams
{
    /// <summary>Streams that a worker has to lose when it is stopped.</summary>
    public const int LeastToLose = 3;

    private readonly ConcurrentDictionary<string, string> _workers = new(StringComparer.Ordinal);

    /// <summary>A client has the first event of a stream.</summary>
    public void Begun(string id, string worker) => _workers[id] = worker;

    /// <summary>A client has all of it.</summary>
    public void Ended(string id) => _workers.TryRemove(id, out _);

    /// <summary>
    /// Stops a worker (SIGSTOP) at a moment at which it certainly has streams to lose: it is held still while that is looked up, and goes on if it has not.
    /// </summary>
    /// <param name="clients">Those who ask; when they end before, the test has failed.</param>
    public async Task StopWhileItServesAsync(ProcessFleet fleet, int index, Task clients)
    {
        string name = $"w{index}";
        TiercelProcess worker = fleet.Workers[index];
        using CancellationTokenSource watchdog = new(TimeSpan.FromMinutes(4));
        while (true)
        {
            while (Of(name).Length < LeastToLose)
            {
                Assert.False(clients.IsCompleted, $"the clients ended before {name} was stopped: {clients.Exception}");
                await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, watchdog.Token);
            }

            await worker.SignalAsync("STOP");
            while (ProcessFleet.StateOf(worker) != 'T')
            {
                await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, watchdog.Token);
            }

            // Clients may be behind: what they have begun to read can be over already, and nothing of it would be lost with the worker.
            int open = 0;
            foreach (string id in Of(name))
            {
                open += await fleet.IsOpenAsync(id) ? 1 : 0;
            }

            if (open >= LeastToLose && await fleet.RunningAsync(name) >= LeastToLose)
            {
                return;
            }

            await worker.SignalAsync("CONT");
        }
    }

    private string[] Of(string worker) => [.. _workers.Where(pair => pair.Value == worker).Select(pair => pair.Key)];
}
