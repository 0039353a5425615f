namespace Tiercel.Gateway.Routing;

/// <summary>All runs that one replica is believed to hold, in the order of their last use. A run is always newer than those that follow it in the tree.</summary>
internal sealed class HeldRuns(int capacity)
{
    public HeldRun? Newest { get; private set; }

    public HeldRun? Oldest { get; private set; }

    /// <summary>Blocks held.</summary>
    public long Blocks { get; set; }

    /// <summary>Blocks that it may hold.</summary>
    public long Capacity { get; set; } = capacity;

    /// <summary>Blocks that were ever added: a clock for the age of entries in a cache.</summary>
    public long Added { get; set; }

    public void AddNewest(HeldRun run)
    {
        run.Older = Newest;
        run.Newer = null;
        if (Newest is { } second)
        {
            second.Newer = run;
        }
        else
        {
            Oldest = run;
        }

        Newest = run;
    }

    /// <summary>Puts <paramref name="run"/> right before <paramref name="older"/>, as the newer of the two.</summary>
    public void AddBefore(HeldRun older, HeldRun run)
    {
        run.Older = older;
        run.Newer = older.Newer;
        if (older.Newer is { } newer)
        {
            newer.Older = run;
        }
        else
        {
            Newest = run;
        }

        older.Newer = run;
    }

    public void Remove(HeldRun run)
    {
        if (run.Newer is { } newer)
        {
            newer.Older = run.Older;
        }
        else
        {
            Newest = run.Older;
        }

        if (run.Older is { } older)
        {
            older.Newer = run.Newer;
        }
        else
        {
            Oldest = run.Newer;
        }

        run.Newer = run.Older = null;
    }
}
