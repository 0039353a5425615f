namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>Rounds rows to 8 bits for all kernels; an item is a run of blocks of all rows.</summary>
internal sealed unsafe class RoundingWork : TeamWork
{
    /// <summary>Elements below which waking the other threads costs more than they save.</summary>
    private const int ElementsPerItem = 8_192;

    private FloatRows _rows;
    private ActivationRecord* _records;
    private short* _wide;
    private int _blocks;
    private int _blocksPerItem;

    /// <summary>Fills records [block, row]. A last block that the columns do not fill is filled up with zeros.</summary>
    public void Run(ThreadTeam team, FloatRows rows, ActivationRecord* records)
    {
        _records = records;
        _wide = null;
        Start(team, rows);
    }

    /// <summary>Fills 32 widened values [block, row] from records.</summary>
    public void Widen(ThreadTeam team, FloatRows rows, ActivationRecord* records, short* wide)
    {
        _records = records;
        _wide = wide;
        Start(team, rows);
    }

    public override void Execute(int item, int thread)
    {
        int end = Math.Min(_blocks, (item + 1) * _blocksPerItem);
        for (int block = item * _blocksPerItem; block < end; block++)
        {
            for (int row = 0; row < _rows.RowCount; row++)
            {
                long index = ((long)block * ActivationRows.RecordStride(_rows.RowCount)) + row;
                if (_wide is null)
                {
                    int count = Math.Min(ActivationRecord.Elements, _rows.Columns - (block * ActivationRecord.Elements));
                    float* source = _rows.Address + ((long)row * _rows.Stride) + ((long)block * ActivationRecord.Elements);
                    Rounding.Round(source, count, _records + index);
                }
                else
                {
                    Rounding.Widen(_records + index, _wide + (index * ActivationRecord.Elements));
                }
            }
        }
    }

    private void Start(ThreadTeam team, FloatRows rows)
    {
        _rows = rows;
        _blocks = (rows.Columns + ActivationRecord.Elements - 1) / ActivationRecord.Elements;
        _blocksPerItem = Math.Max(1, ElementsPerItem / ActivationRecord.Elements / Math.Max(1, rows.RowCount));
        team.Run(this, rows.RowCount == 0 ? 0 : (_blocks + _blocksPerItem - 1) / _blocksPerItem);
    }
}
