namespace Tiercel.Bench.Gateway;

/// <summary>One request at a time, one contender after the other, so that all see the same machine.</summary>
internal static class Latency
{
    private const int Requests = 400;

    public static void Run(IReadOnlyList<Contender> contenders, Workload workload, List<Measured> rows)
    {
        LoadConnection[] connections = [.. contenders.Select(contender => new LoadConnection(contender.Port))];
        byte[][] requests = [.. contenders.Select(contender => workload.Request(contender.Fields))];
        for (int i = 0; i < Requests; i++)
        {
            for (int which = 0; which < connections.Length; which++)
            {
                long start = TimeProvider.System.GetTimestamp();
                connections[which].Exchange(requests[which]);
                if (i >= 10)
                {
                    rows[which].Latencies.Add(TimeProvider.System.GetElapsedTime(start).TotalMicroseconds);
                }
            }
        }

        Array.ForEach(connections, connection => connection.Dispose());
    }
}
