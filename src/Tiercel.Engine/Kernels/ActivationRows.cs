namespace Tiercel.Engine.Kernels;

/// <summary>
/// The input side of a projection: float rows and, where the weights want them, the same rows rounded to 8 bits in blocks of 32 with a
/// float scale (and the sum of each block). Rounding is done once for all matrices that read the rows.
/// </summary>
public sealed class ActivationRows : IDisposable
{
    private FloatRows _rows;

    /// <param name="maxRows">Rows it can hold.</param>
    /// <param name="maxColumns">Columns a row may have, a multiple of 32.</param>
    public ActivationRows(int maxRows, int maxColumns)
    {
        MaxRows = maxRows;
        MaxColumns = maxColumns;
    }

    public int MaxRows { get; }

    public int MaxColumns { get; }

    /// <summary>The rows last loaded.</summary>
    internal FloatRows Rows => _rows;

    internal ProjectionWork Work { get; } = new();

    /// <summary>Takes rows, which must stay valid while used; what is made of a row depends on that row alone.</summary>
    /// <param name="team">Rounding is shared by its threads.</param>
    /// <param name="rows">[rows, columns]: at most <see cref="MaxRows"/> by <see cref="MaxColumns"/>.</param>
    public void Load(ThreadTeam team, FloatRows rows)
    {
        ArgumentNullException.ThrowIfNull(team);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows.RowCount, MaxRows, nameof(rows));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows.Columns, MaxColumns, nameof(rows));
        _rows = rows;
    }

    public void Dispose()
    {
    }
}
