using System.Runtime.CompilerServices;
using Tiercel.Engine.Kernels.Tiles;

namespace Tiercel.Engine.Kernels;

/// <summary>The items of a projection: runs of tiles of one target each, taken as threads become free.</summary>
internal sealed unsafe class ProjectionWork : TeamWork
{
    /// <summary>
    /// Work of an item, in bytes of weights read: small enough that the last items end together, large enough that taking one (a contended cache line) costs nothing.
    /// </summary>
    private const long BytesPerItem = 48 * 1024;

    /// <summary>Rows for which weights are read once; beyond, an item's work grows with the rows.</summary>
    private const int RowsPerPass = 16;

    /// <summary>Float rows are read where they lie: more of them, at strides of a power of two, would push each other out of the first-level cache.</summary>
    private const int FloatRowsPerRun = 8;

    private ProjectionTarget[] _targets = new ProjectionTarget[4];
    private int[] _tilesPerItem = new int[4];
    private int _targetCount;
    private int _items;
    private int _threads;
    private FloatRows _input;
    private ActivationRecord* _records;
    private short* _wide;

    public void Run(ThreadTeam team, ActivationRows input, ReadOnlySpan<ProjectionTarget> targets)
    {
        if (input.Rows.RowCount == 0)
        {
            return;
        }

        if (targets.Length > _targets.Length)
        {
            _targets = new ProjectionTarget[targets.Length];
            _tilesPerItem = new int[targets.Length];
        }

        targets.CopyTo(_targets);
        _targetCount = targets.Length;
        _input = input.Rows;
        _threads = team.ThreadCount;
        _records = null;
        _wide = null;
        int items = 0;
        for (int i = 0; i < targets.Length; i++)
        {
            WeightMatrix weights = targets[i].Weights;
            _records = weights.Kind.Format is null ? _records : input.Rounded(team);
            _wide = weights.Kind.WantsWide && !GeneratedTiles.Take(weights.Kind, input.Rows.RowCount) ? input.Widened(team) : _wide;
            _tilesPerItem[i] = TilesPerItem(weights, input.Rows.RowCount);
            items = checked(items + Items(i));
        }

        _items = items;
        team.Run(this, items);
        _targets.AsSpan().Clear();
    }

    public override void Execute(int item, int thread)
    {
        int target = 0;
        int run = RunOfItem(item);
        while (run >= Items(target))
        {
            run -= Items(target);
            target++;
        }

        int first = run * _tilesPerItem[target];
        Tiles(_targets[target], first, Math.Min(_targets[target].Weights.TileCount, first + _tilesPerItem[target]));
    }

    /// <summary>
    /// Runs of tiles are cut into one stretch per thread, and items take them from each stretch in turn: as long as threads keep in step each walks through a stretch of
    /// its own, so that what it prefetched beyond its item is what it reads next.
    /// </summary>
    private int RunOfItem(int item)
    {
        int stretch = item % _threads;
        int longer = Math.Min(stretch, _items % _threads);
        return (stretch * (_items / _threads)) + longer + (item / _threads);
    }

    private int Items(int target) => (_targets[target].Weights.TileCount + _tilesPerItem[target] - 1) / _tilesPerItem[target];

    private static int TilesPerItem(WeightMatrix weights, int rows)
    {
        long work = weights.TileBytes * ((rows + RowsPerPass - 1) / RowsPerPass);
        return (int)Math.Clamp(BytesPerItem / work, 1, weights.TileCount);
    }

    /// <summary>Rows in runs that fit the kernel's sums; the rows of a run stay in the second-level cache while the item's tiles pass.</summary>
    [SkipLocalsInit]
    private void Tiles(in ProjectionTarget target, int first, int end)
    {
        byte* memory = stackalloc byte[(TileArguments.MaxRows * TileKind.Outputs * sizeof(float)) + 64];
        WeightMatrix weights = target.Weights;
        TileArguments arguments = new()
        {
            Inputs = weights.Inputs,
            BytesPerBlock = (int)(weights.TileBytes * ActivationRecord.Elements / weights.Inputs),
            Sums = (float*)(((nuint)memory + 63) & ~(nuint)63),
            RecordStride = ActivationRows.RecordStride(_input.RowCount),
            FloatStride = _input.Stride,
        };
        int weightBytes = weights.Kind.WeightBytes(weights.Inputs);
        bool generated = GeneratedTiles.Take(weights.Kind, _input.RowCount);
        int rowsPerRun = weights.Kind.Format is null ? FloatRowsPerRun : TileArguments.MaxRows;
        for (int row = 0; row < _input.RowCount; row += rowsPerRun)
        {
            arguments.Rows = Math.Min(rowsPerRun, _input.RowCount - row);
            arguments.Records = _records + row;
            arguments.Wide = _wide + ((long)row * ActivationRecord.Elements);
            arguments.Floats = _input.Address + ((long)row * _input.Stride);
            for (int tile = first; tile < end; tile++)
            {
                arguments.Weights = weights.Tile(tile);
                arguments.Scales = arguments.Weights + weightBytes;
                if (generated)
                {
                    GeneratedTiles.Run(weights.Kind, &arguments);
                }
                else
                {
                    weights.Kind.Kernel(&arguments);
                }

                Store(arguments, target.Output, row, tile * TileKind.Outputs);
            }
        }
    }

    private static void Store(in TileArguments arguments, FloatRows output, int firstRow, int firstOutput)
    {
        int count = Math.Min(TileKind.Outputs, output.Columns - firstOutput);
        for (int row = 0; row < arguments.Rows; row++)
        {
            float* destination = output.Address + ((long)(firstRow + row) * output.Stride) + firstOutput;
            new ReadOnlySpan<float>(arguments.Sums + (row * TileKind.Outputs), count).CopyTo(new Span<float>(destination, count));
        }
    }
}
