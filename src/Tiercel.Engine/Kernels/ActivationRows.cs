using System.Runtime.InteropServices;
using Tiercel.Engine.Kernels.Tiles;

namespace Tiercel.Engine.Kernels;

/// <summary>
/// The input side of a projection: float rows and, where the weights want them, the same rows rounded to 8 bits in blocks of 32 with a
/// float scale (and the sum of each block). Rounding is done once for all matrices that read the rows.
/// </summary>
public sealed unsafe class ActivationRows : IDisposable
{
    private readonly RoundingWork _rounding = new();
    private readonly nuint _capacity;
    private ActivationRecord* _records;
    private short* _wide;
    private bool _rounded;
    private bool _widened;
    private bool _disposed;

    /// <param name="maxRows">Rows it can hold.</param>
    /// <param name="maxColumns">Columns a row may have, a multiple of 32.</param>
    public ActivationRows(int maxRows, int maxColumns)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxRows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxColumns);
        MaxRows = maxRows;
        MaxColumns = maxColumns;
        _capacity = checked((nuint)RecordStride(maxRows) * (nuint)((maxColumns + ActivationRecord.Elements - 1) / ActivationRecord.Elements));
    }

    public int MaxRows { get; }

    public int MaxColumns { get; }

    /// <summary>The rows last loaded.</summary>
    internal FloatRows Rows { get; private set; }

    internal ProjectionWork Work { get; } = new();

    /// <summary>Takes rows, which must stay valid while used; what is made of a row depends on that row alone.</summary>
    /// <param name="team">Rounding is shared by its threads.</param>
    /// <param name="rows">[rows, columns]: at most <see cref="MaxRows"/> by <see cref="MaxColumns"/>.</param>
    public void Load(ThreadTeam team, FloatRows rows)
    {
        ArgumentNullException.ThrowIfNull(team);
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows.RowCount, MaxRows, nameof(rows));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows.Columns, MaxColumns, nameof(rows));
        Rows = rows;
        _rounded = false;
        _widened = false;
    }

    /// <summary>
    /// The rounded rows, [block, row]; made when the first quantised matrix asks, in memory that is allocated then: float models need none.
    /// </summary>
    internal ActivationRecord* Rounded(ThreadTeam team)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!_rounded)
        {
            if (_records is null)
            {
                _records = (ActivationRecord*)NativeMemory.AlignedAlloc(checked(_capacity * (nuint)sizeof(ActivationRecord)), 64);
            }

            _rounding.Run(team, Rows, _records);
            _rounded = true;
        }

        return _records;
    }

    /// <summary>
    /// Records from a block to the next: an odd number, since the records of a row at strides of a power of two would all fall into the same few sets of the first-level cache.
    /// </summary>
    internal static int RecordStride(int rows) => rows | 1;

    /// <summary>The rounded rows widened to 16 bits, in the order of <see cref="WideKernel512{TQuants, TScales}"/>.</summary>
    internal short* Widened(ThreadTeam team)
    {
        ActivationRecord* records = Rounded(team);
        if (!_widened)
        {
            if (_wide is null)
            {
                _wide = (short*)NativeMemory.AlignedAlloc(checked(_capacity * (nuint)ActivationRecord.Elements * sizeof(short)), 64);
            }

            _rounding.Widen(team, Rows, records, _wide);
            _widened = true;
        }

        return _wide;
    }

    public void Dispose()
    {
        _disposed = true;
        NativeMemory.AlignedFree(_records);
        NativeMemory.AlignedFree(_wide);
        _records = null;
        _wide = null;
    }
}
