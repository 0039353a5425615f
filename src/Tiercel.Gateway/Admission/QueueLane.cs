namespace Tiercel.Gateway.Admission;

/// <summary>The waiting requests of one tenant in one band, oldest first, and where the tenant stands in the rounds.</summary>
internal sealed class QueueLane(QueueBand band, string tenant)
{
    public QueueBand Band { get; } = band;

    public string Tenant { get; } = tenant;

    public double Weight { get; set; } = 1;

    /// <summary>Round in which the tenant has the next turn: its debt is paid by then.</summary>
    public double Round { get; set; }

    /// <summary>Decides between tenants that have their turn in the same round: who came first goes first.</summary>
    public long Order { get; set; }

    /// <summary>What it holds of the queue by its weight, as last computed; see <see cref="FairQueue"/>.</summary>
    public double Share { get; set; }

    public QueueEntry? Oldest { get; private set; }

    public QueueEntry? Newest { get; private set; }

    public int Count { get; private set; }

    public long Bytes { get; private set; }

    public void Add(QueueEntry entry)
    {
        entry.Lane = this;
        entry.Older = Newest;
        entry.Newer = null;
        if (Newest is null)
        {
            Oldest = entry;
        }
        else
        {
            Newest.Newer = entry;
        }

        Newest = entry;
        Count++;
        Bytes += entry.Bytes;
    }

    public void Remove(QueueEntry entry)
    {
        if (entry.Older is null)
        {
            Oldest = entry.Newer;
        }
        else
        {
            entry.Older.Newer = entry.Newer;
        }

        if (entry.Newer is null)
        {
            Newest = entry.Older;
        }
        else
        {
            entry.Newer.Older = entry.Older;
        }

        entry.Lane = null;
        entry.Older = null;
        entry.Newer = null;
        Count--;
        Bytes -= entry.Bytes;
    }
}
