namespace Tiercel.Bench.Gateway;

/// <summary>
/// What a client waits at a moderate rate that does not depend on the answers: requests are due at fixed times, and one that is sent late because the
/// answer before it was late counts from when it was due. Contenders take turns of some seconds, so that none disturbs another.
/// </summary>
internal static class Latency
{
    private const int Connections = 8;
    private const int Settling = 100;
    private static readonly ManualResetEvent Never = new(false);

    public static void Run(Contender contender, Workload workload, TimeSpan time, Measured row)
    {
        byte[] request = workload.Request(contender.Fields);
        int count = Settling + (int)(workload.RequestsPerSecond * time.TotalSeconds);
        double[] latencies = new double[count];
        Exception? failure = null;
        using Barrier ready = new(Connections + 1);
        long start = 0;
        Thread[] threads = [.. Enumerable.Range(0, Connections).Select(which => new Thread(() =>
        {
            try
            {
                using LoadConnection connection = new(contender.Port);
                connection.Exchange(request);
                ready.SignalAndWait();
                ready.SignalAndWait();
                for (int i = which; i < count; i += Connections)
                {
                    latencies[i] = Exchange(connection, request, Volatile.Read(ref start), i / workload.RequestsPerSecond);
                }
            }
            catch (Exception error)
            {
                failure = error;
                ready.RemoveParticipant();
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        ready.SignalAndWait();
        Volatile.Write(ref start, TimeProvider.System.GetTimestamp());
        ready.SignalAndWait();
        Array.ForEach(threads, thread => thread.Join());
        if (failure is not null)
        {
            throw new InvalidOperationException($"{contender.Name}, {workload.Name}: {failure.Message}", failure);
        }

        row.Latencies.AddRange(latencies[Settling..]);
    }

    /// <returns>Microseconds from when the request was due. How late a waiting thread wakes up is the client's own affair and does not count.</returns>
    private static double Exchange(LoadConnection connection, byte[] request, long start, double dueSeconds)
    {
        TimeSpan due = TimeSpan.FromSeconds(dueSeconds);
        TimeSpan wait = due - TimeProvider.System.GetElapsedTime(start);
        if (wait > TimeSpan.Zero)
        {
            _ = Never.WaitOne((int)Math.Ceiling(wait.TotalMilliseconds));
            due = TimeProvider.System.GetElapsedTime(start);
        }

        connection.Exchange(request);
        return (TimeProvider.System.GetElapsedTime(start) - due).TotalMicroseconds;
    }
}
