using System.Runtime.CompilerServices;
using Tiercel.Engine.Kernels.CodeGen;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>
/// Runs a tile through the generated kernels. With few rows the tile is read as it is; with more a stretch of blocks is unpacked to the first-level cache once, then groups of rows
/// pass over it. Bits equal those of the intrinsic kernels, so that it may be chosen by the number of rows.
/// </summary>
internal static unsafe class GeneratedTiles
{
    /// <summary>Blocks unpacked at a time, a super-block: their codes and scales and the records of a group of rows fill less than half of a first-level cache of 32 KiB.</summary>
    private const int Stretch = 8;

    /// <summary>Rows from which types that no kernel reads as they are go this way, as measured: those of eight bits (unpacked) need five intrinsic instructions for one of these, others three.</summary>
    private const int MinRows = 16;

    /// <summary>
    /// Rows up to which unpacking again for each group of eight costs less than storing and loading what was unpacked, and than asking for the next of a tile in bursts:
    /// a tenth of the time at 32 rows.
    /// </summary>
    private const int MaxPackedRows = 32;

    /// <summary>The same for codes of bytes, which need no unpacking: only their scales are made again.</summary>
    private const int MaxPackedByteRows = 16;

    /// <summary>Whether weights of a kind and so many rows go this way.</summary>
    public static bool Take(TileKind kind, int rows)
        => kind.Format is not null && VnniKernel.Current is not null && (rows >= MinRows || kind.WantsWide || kind.PackedKernel is not null);

    public static void Run(TileKind kind, TileArguments* arguments)
    {
        VnniKernel? packed = kind.PackedKernel;
        if (packed is not null && arguments->Rows <= (kind.LowBits == 8 ? MaxPackedByteRows : MaxPackedRows))
        {
            PackedTiles.Run(packed, kind, arguments);
        }
        else
        {
            RunUnpacked(kind, arguments, packed);
        }
    }

    /// <param name="packed">What unpacks; null for the intrinsic unpacker.</param>
    [SkipLocalsInit]
    public static void RunUnpacked(TileKind kind, TileArguments* arguments, VnniKernel? packed)
    {
        byte* memory = stackalloc byte[(Stretch * (512 + 256)) + 64];
        byte* codes = (byte*)(((nuint)memory + 63) & ~(nuint)63);
        float* scales = (float*)(codes + (Stretch * 512));
        VnniKernel kernel = VnniKernel.Current!;
        VnniArguments call = new()
        {
            Scales = (byte*)scales,
            RecordStride = arguments->RecordStride * sizeof(ActivationRecord),
        };
        VnniArguments source = packed is null ? default : PackedTiles.Describe(kind, arguments);
        VnniArguments direct = source;
        source.Records = (ActivationRecord*)codes;
        source.Sums = scales;
        new Span<float>(arguments->Sums, arguments->Rows * TileKind.Outputs).Clear();
        int blocks = arguments->Inputs / ActivationRecord.Elements;

        // Codes of bytes are not unpacked, so that what asks for the next of them would ask for all at once, and then for none while rows pass over them.
        // The first rows read such tiles as they are instead, and ask block by block.
        bool asTheyAre = packed is not null && kind.LowBits == 8;
        int scaleBytes = packed is null ? 0 : (kind.PackedLayout!.Value.BlockBytes - kind.BlockBytes) * Stretch;
        for (int first = 0; first < blocks; first += Stretch)
        {
            int count = Math.Min(Stretch, blocks - first);
            if (packed is null)
            {
                kind.Unpack(arguments, first, count, codes, scales);
            }
            else
            {
                source.Blocks = count;
                packed.Unpack(&source);
                source.Scales += scaleBytes;
            }

            byte* stored = arguments->Weights + ((nint)first * kind.BlockBytes);
            source.Codes = stored + ((nint)count * kind.BlockBytes);
            call.Codes = kind.LowBits == 8 ? stored : codes;
            call.Blocks = count;
            int row = 0;
            if (asTheyAre)
            {
                direct.Codes = stored;
                direct.Blocks = count;
                direct.Records = arguments->Records + (first * arguments->RecordStride);
                direct.Sums = arguments->Sums;
                row = Math.Min(VnniEmitter.MaxRows, arguments->Rows);
                packed!.Run(&direct, row);
                direct.Scales += scaleBytes;
            }

            for (; row < arguments->Rows; row += VnniEmitter.MaxRows)
            {
                call.Records = arguments->Records + (first * arguments->RecordStride) + row;
                call.Sums = arguments->Sums + (row * TileKind.Outputs);
                kernel.Run(&call, Math.Min(VnniEmitter.MaxRows, arguments->Rows - row), kind.TwoGroups, kind.HasOffsets);
            }
        }
    }
}
