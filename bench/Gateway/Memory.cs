namespace Tiercel.Bench.Gateway;

/// <summary>Resident memory while many streams are open and quiet.</summary>
internal static class Memory
{
    /// <summary>What is measured is a state that lasts, and not the moment of getting there.</summary>
    private const int SettlingMilliseconds = 5000;

    public static (double Before, double Open) Run(Contender contender, int streams)
    {
        double before = contender.ResidentMegabytes();
        byte[] request = Workload.Held.Request(contender.Fields);
        List<LoadConnection> open = [];
        try
        {
            for (int i = 0; i < streams; i++)
            {
                LoadConnection connection = new(contender.Port);
                open.Add(connection);
                connection.Begin(request);
            }

            using (ManualResetEvent never = new(false))
            {
                _ = never.WaitOne(SettlingMilliseconds);
            }

            return (before, contender.ResidentMegabytes());
        }
        finally
        {
            open.ForEach(connection => connection.Dispose());
        }
    }
}
