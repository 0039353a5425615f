namespace Tiercel.Bench.Gateway;

/// <summary>As many requests as go through, over some connections.</summary>
internal static class Throughput
{
    /// <returns>Requests a second, and CPU microseconds a request of the contender's processes.</returns>
    public static (double Rate, double CpuMicroseconds) Run(Contender contender, Workload workload, int connections, TimeSpan time, long most)
    {
        byte[] request = workload.Request(contender.Fields);
        long done = 0;
        bool isOver = false;
        Exception? failure = null;
        Thread[] threads = [.. Enumerable.Range(0, connections).Select(_ => new Thread(() =>
        {
            try
            {
                using LoadConnection connection = new(contender.Port);
                while (!Volatile.Read(ref isOver) && Interlocked.Read(ref done) < most)
                {
                    connection.Exchange(request);
                    Interlocked.Increment(ref done);
                }
            }
            catch (Exception error)
            {
                failure = error;
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        double cpu = contender.CpuSeconds();
        long first = Interlocked.Read(ref done);
        long start = TimeProvider.System.GetTimestamp();
        using (ManualResetEventSlim end = new())
        {
            while (TimeProvider.System.GetElapsedTime(start) < time && Interlocked.Read(ref done) < most && failure is null)
            {
                _ = end.Wait(20);
            }
        }

        long count = Interlocked.Read(ref done) - first;
        cpu = contender.CpuSeconds() - cpu;
        double seconds = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        Volatile.Write(ref isOver, true);
        Array.ForEach(threads, thread => thread.Join());
        return failure is null ? (count / seconds, cpu / count * 1e6) : throw new InvalidOperationException($"{contender.Name}, {workload.Name}: {failure.Message}", failure);
    }
}
