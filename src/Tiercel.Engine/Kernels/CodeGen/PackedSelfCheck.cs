using System.Runtime.InteropServices;
using Tiercel.Engine.Kernels.Tiles;

namespace Tiercel.Engine.Kernels.CodeGen;

/// <summary>Compares generated kernels that read tiles as they are with the intrinsic kernel of the same tiles, bit by bit, before they are used.</summary>
internal static unsafe class PackedSelfCheck
{
    private const int Inputs = 512;
    private const int Blocks = Inputs / ActivationRecord.Elements;

    public static bool Passes(VnniKernel kernel, TileKind kind)
    {
        int tileBytes = kind.TileBytes(Inputs);
        byte* tile = (byte*)NativeMemory.AlignedAlloc((nuint)tileBytes, 64);
        ActivationRecord* records = (ActivationRecord*)NativeMemory.AlignedAlloc((nuint)(Blocks * VnniEmitter.MaxRows * sizeof(ActivationRecord)), 64);
        short* wide = (short*)NativeMemory.AlignedAlloc((nuint)(Blocks * VnniEmitter.MaxRows * ActivationRecord.Elements * sizeof(short)), 64);
        try
        {
            uint state = 1;
            FillTile(kind, tile, tileBytes, ref state);
            FillRecords(records, wide, ref state);
            return Agree(kernel, kind, tile, records, wide);
        }
        finally
        {
            NativeMemory.AlignedFree(tile);
            NativeMemory.AlignedFree(records);
            NativeMemory.AlignedFree(wide);
        }
    }

    private static bool Agree(VnniKernel kernel, TileKind kind, byte* tile, ActivationRecord* records, short* wide)
    {
        const int Floats = VnniEmitter.MaxRows * TileKind.Outputs;
        float* memory = stackalloc float[(2 * Floats) + 16];
        float* expected = (float*)(((nuint)memory + 63) & ~(nuint)63);
        float* actual = expected + Floats;
        TileArguments arguments = new()
        {
            Weights = tile,
            Scales = tile + kind.WeightBytes(Inputs),
            BytesPerBlock = kind.TileBytes(Inputs) / Blocks,
            Inputs = Inputs,
            Records = records,
            Wide = wide,
            RecordStride = VnniEmitter.MaxRows,
        };
        for (int rows = 1; rows <= VnniEmitter.MaxRows; rows++)
        {
            arguments.Rows = rows;
            arguments.Sums = expected;
            kind.Kernel(&arguments);
            arguments.Sums = actual;
            PackedTiles.Run(kernel, kind, &arguments);
            if (!Same(expected, actual, rows))
            {
                return false;
            }
        }

        GeneratedTiles.RunUnpacked(kind, &arguments, kernel);
        return Same(expected, actual, VnniEmitter.MaxRows);
    }

    private static bool Same(float* expected, float* actual, int rows)
        => new ReadOnlySpan<int>(expected, rows * TileKind.Outputs).SequenceEqual(new ReadOnlySpan<int>(actual, rows * TileKind.Outputs));

    /// <summary>Random codes and group scales; the 16-bit numbers are made finite.</summary>
    private static void FillTile(TileKind kind, byte* tile, int tileBytes, ref uint state)
    {
        for (int i = 0; i < tileBytes; i++)
        {
            tile[i] = Next(ref state);
        }

        int scaleBytes = tileBytes - kind.WeightBytes(Inputs);
        ushort* scales = (ushort*)(tile + kind.WeightBytes(Inputs));
        for (int i = 0; i < scaleBytes / sizeof(ushort); i++)
        {
            // An exponent below the largest: no infinity, no NaN; as a pair of signed bytes anything goes, but offsets are not above 63.
            scales[i] &= 0xbf3f;
        }
    }

    private static void FillRecords(ActivationRecord* records, short* wide, ref uint state)
    {
        float* row = stackalloc float[ActivationRecord.Elements];
        for (int r = 0; r < Blocks * VnniEmitter.MaxRows; r++)
        {
            for (int i = 0; i < ActivationRecord.Elements; i++)
            {
                row[i] = (Next(ref state) - 128) / 11f;
            }

            Rounding.Round(row, ActivationRecord.Elements, records + r);
            Rounding.Widen(records + r, wide + (r * ActivationRecord.Elements));
        }
    }

    private static byte Next(ref uint state)
    {
        state = (state * 1664525) + 1013904223;
        return (byte)(state >> 24);
    }
}
