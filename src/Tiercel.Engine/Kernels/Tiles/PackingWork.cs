namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>
/// Repacks many matrices that lie one after another. An item is the tiles that end in one large page of the memory, and the first to touch it: two threads that touched the same page first would both have it
/// zeroed.
/// </summary>
internal sealed unsafe class PackingWork : TeamWork
{
    private readonly TilePacker[] _packers;
    private readonly FirstTouch _touch;

    /// <summary>Where the tiles of each matrix begin, in bytes from the start of the memory; ascending.</summary>
    private readonly long[] _starts;

    /// <param name="packers">In the order of their tiles in memory.</param>
    public PackingWork(TilePacker[] packers, byte* memory, long bytes, FirstTouch touch)
    {
        _packers = packers;
        _touch = touch;
        _starts = new long[packers.Length];
        for (int i = 0; i < packers.Length; i++)
        {
            _starts[i] = packers[i].Tiles - memory;
        }

        ItemCount = checked((int)((bytes + LargePages.PageBytes - 1) / LargePages.PageBytes));
    }

    public int ItemCount { get; }

    public override void Execute(int item, int thread)
    {
        long from = (long)item * LargePages.PageBytes;
        long end = from + LargePages.PageBytes;
        _touch.Touch(from);
        int found = Array.BinarySearch(_starts, from);
        for (int i = found >= 0 ? found : ~found - 1; i < _packers.Length && _starts[i] < end; i++)
        {
            TilePacker packer = _packers[i];
            int last = TilesBefore(packer, end - _starts[i]);
            for (int tile = TilesBefore(packer, from - _starts[i]); tile < last; tile++)
            {
                packer.Pack(tile);
            }
        }
    }

    /// <summary>Tiles of a matrix that end before a place, in bytes from its first.</summary>
    private static int TilesBefore(TilePacker packer, long place) => (int)Math.Clamp(place / packer.TileBytes, 0, packer.TileCount);
}
