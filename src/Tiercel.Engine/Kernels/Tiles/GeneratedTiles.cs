using System.Runtime.CompilerServices;
using Tiercel.Engine.Kernels.CodeGen;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>
/// Runs a tile through the generated kernels: a stretch of blocks is unpacked to the first-level cache once, then groups of rows pass over it. Bits equal those of
/// the intrinsic kernels, so that it may be chosen by the number of rows.
/// </summary>
internal static unsafe class GeneratedTiles
{
    /// <summary>Blocks unpacked at a time: 16 KiB of codes.</summary>
    private const int Stretch = 32;

    /// <summary>Whether weights of a kind and so many rows go this way.</summary>
    public static bool Take(TileKind kind, int rows) => kind.Format is not null && rows >= MinRows(kind) && VnniKernel.Current is not null;

    /// <summary>
    /// Rows from which it is faster, as measured. The intrinsic kernels keep what they unpacked in registers, but need three instructions where this needs one, and five for
    /// codes of eight bits.
    /// </summary>
    private static int MinRows(TileKind kind) => (kind.WantsWide, kind.Nibbles) switch
    {
        (true, true) => 1,
        (true, false) => 2,
        (false, true) => 16,
        (false, false) => 8,
    };

    [SkipLocalsInit]
    public static void Run(TileKind kind, TileArguments* arguments)
    {
        byte* memory = stackalloc byte[(Stretch * (512 + 256)) + 64];
        byte* codes = (byte*)(((nuint)memory + 63) & ~(nuint)63);
        float* scales = (float*)(codes + (Stretch * 512));
        VnniKernel kernel = VnniKernel.Current!;
        VnniArguments call = new()
        {
            Scales = scales,
            RecordStride = arguments->RecordStride * sizeof(ActivationRecord),
            MinusZero = -kind.CodeZero,
        };
        new Span<float>(arguments->Sums, arguments->Rows * TileKind.Outputs).Clear();
        int blocks = arguments->Inputs / ActivationRecord.Elements;
        for (int first = 0; first < blocks; first += Stretch)
        {
            int count = Math.Min(Stretch, blocks - first);
            kind.Unpack(arguments, first, count, codes, scales);
            call.Codes = kind.Nibbles ? codes : arguments->Weights + ((nint)first * 512);
            call.Blocks = count;
            for (int row = 0; row < arguments->Rows; row += VnniEmitter.MaxRows)
            {
                call.Records = arguments->Records + (first * arguments->RecordStride) + row;
                call.Sums = arguments->Sums + (row * TileKind.Outputs);
                kernel.Run(&call, Math.Min(VnniEmitter.MaxRows, arguments->Rows - row), kind.TwoGroups, kind.HasOffsets);
            }
        }
    }
}
