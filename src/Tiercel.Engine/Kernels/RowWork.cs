namespace Tiercel.Engine.Kernels;

/// <summary>Work on the rows of a step, each row by itself. A few rows are done on the calling thread: waking others would cost more.</summary>
internal abstract class RowWork : TeamWork
{
    private const int SerialRows = 4;
    private const int RowsPerItem = 16;

    private int _rowCount;

    /// <summary>Does all rows; returns when the last has ended.</summary>
    public void Run(ThreadTeam team, int rowCount)
    {
        _rowCount = rowCount;
        if (rowCount <= SerialRows || team.ThreadCount == 1)
        {
            for (int row = 0; row < rowCount; row++)
            {
                Row(row);
            }
        }
        else
        {
            team.Run(this, (rowCount + RowsPerItem - 1) / RowsPerItem);
        }
    }

    public sealed override void Execute(int item, int thread)
    {
        int end = Math.Min(_rowCount, (item + 1) * RowsPerItem);
        for (int row = item * RowsPerItem; row < end; row++)
        {
            Row(row);
        }
    }

    protected abstract void Row(int row);
}
