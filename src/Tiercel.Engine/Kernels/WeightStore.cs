using System.Runtime.InteropServices;
using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels.Tiles;

namespace Tiercel.Engine.Kernels;

/// <summary>
/// Matrices repacked into one piece of memory. In pieces of their own most matrices of a small model would be smaller than a large page and have none, which costs a page fault for every 4 KiB at load and
/// address translation ever after.
/// </summary>
internal sealed unsafe class WeightStore : IDisposable
{
    private byte* _memory;

    private WeightStore(byte* memory, long byteCount, IReadOnlyList<WeightMatrix> matrices)
    {
        _memory = memory;
        ByteCount = byteCount;
        Matrices = matrices;
    }

    /// <summary>Bytes of native memory held.</summary>
    public long ByteCount { get; }

    /// <summary>In the order of what they were made from.</summary>
    public IReadOnlyList<WeightMatrix> Matrices { get; }

    /// <summary>Repacks tensors, which are read during the call only.</summary>
    /// <param name="team">Repacking is shared by its threads.</param>
    /// <exception cref="ModelFormatException">A type is not supported.</exception>
    public static WeightStore Load(IReadOnlyList<StoredTensor> tensors, WeightPrecision precision, ThreadTeam team)
    {
        ArgumentNullException.ThrowIfNull(team);
        TileKind[] kinds = KindsOf(tensors, precision, team);
        long bytes = 0;
        for (int i = 0; i < kinds.Length; i++)
        {
            bytes = checked(bytes + ((long)WeightMatrix.TilesOf(tensors[i].Outputs) * kinds[i].TileBytes(tensors[i].Inputs)));
        }

        byte* memory = LargePages.Allocate((nuint)bytes);
        try
        {
            WeightMatrix[] matrices = new WeightMatrix[kinds.Length];
            TilePacker[] packers = new TilePacker[kinds.Length];
            byte* next = memory;
            for (int i = 0; i < kinds.Length; i++)
            {
                matrices[i] = new WeightMatrix(kinds[i], tensors[i].Outputs, tensors[i].Inputs, next);
                packers[i] = new TilePacker(kinds[i], tensors[i], next);
                next += matrices[i].ByteCount;
            }

            FirstTouch touch = new(memory, bytes);
            PackingWork work = new(packers, memory, bytes, touch);
            team.Run(work, work.ItemCount);
            touch.End();
            return new WeightStore(memory, bytes, matrices);
        }
        catch
        {
            NativeMemory.AlignedFree(memory);
            throw;
        }
    }

    public void Dispose()
    {
        foreach (WeightMatrix matrix in Matrices)
        {
            matrix.Forget();
        }

        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }

    /// <summary>How each tensor is to lie in memory: as its type does, or expanded to float32, which infinities and NaN of float16 need.</summary>
    private static TileKind[] KindsOf(IReadOnlyList<StoredTensor> tensors, WeightPrecision precision, ThreadTeam team)
    {
        foreach (StoredTensor tensor in tensors)
        {
            tensor.Check();
        }

        FiniteCheck finite = new(tensors);
        if (precision == WeightPrecision.AsStored && tensors.Any(tensor => tensor.Type == TensorType.F16))
        {
            team.Run(finite, tensors.Count);
        }

        TileKind[] kinds = new TileKind[tensors.Count];
        for (int i = 0; i < kinds.Length; i++)
        {
            bool expand = precision == WeightPrecision.Float32 || !finite.IsFinite(i);
            kinds[i] = TileKind.Of(expand ? TensorType.F32 : tensors[i].Type);
        }

        return kinds;
    }
}
