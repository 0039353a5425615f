using Tiercel.Engine.Kernels.CodeGen;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>Runs a tile through generated kernels that read it as it is, in groups of rows.</summary>
internal static unsafe class PackedTiles
{
    /// <summary>What the generated code is told about a tile.</summary>
    public static VnniArguments Describe(TileKind kind, TileArguments* arguments)
    {
        PackedLayout layout = kind.PackedLayout!.Value;
        return new VnniArguments
        {
            Codes = arguments->Weights,
            Scales = arguments->Scales,
            RecordStride = arguments->RecordStride * sizeof(ActivationRecord),
            ScaleFactor = 1f / (1 << layout.CodeShift),
            LowMask = layout.LowMask,
            HighMask = layout.HighMask,
        };
    }

    public static void Run(VnniKernel kernel, TileKind kind, TileArguments* arguments)
    {
        new Span<float>(arguments->Sums, arguments->Rows * TileKind.Outputs).Clear();
        VnniArguments call = Describe(kind, arguments);
        call.Blocks = arguments->Inputs / ActivationRecord.Elements;
        for (int row = 0; row < arguments->Rows; row += VnniEmitter.MaxRows)
        {
            call.Records = arguments->Records + row;
            call.Sums = arguments->Sums + (row * TileKind.Outputs);
            kernel.Run(&call, Math.Min(VnniEmitter.MaxRows, arguments->Rows - row));
        }
    }
}
