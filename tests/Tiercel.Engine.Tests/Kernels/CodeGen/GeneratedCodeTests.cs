using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels;
using Tiercel.Engine.Kernels.CodeGen;
using Tiercel.Engine.Kernels.Tiles;
using Tiercel.Engine.Tests.Kernels.Quantization;

namespace Tiercel.Engine.Tests.Kernels.CodeGen;

public class GeneratedCodeTests
{
    public static readonly TheoryData<TensorType> Quantised = [.. StoredElements.Quantised];

    [Fact]
    public void InstructionsHaveTheBytesOfTheManual()
    {
        // Encodings as an independent assembler (GNU as) gives them.
        EvexAssembler code = new();
        code.DotBytes(0, 16, Register.R8, 4);
        Assert.Equal(Convert.FromHexString("62D27D50504001"), code.ToArray());
        code = new EvexAssembler();
        code.DotBytes(0, 23, Register.R8, 516);
        Assert.Equal(Convert.FromHexString("62D24550508004020000"), code.ToArray());
        code = new EvexAssembler();
        code.LoadVector(16, Register.Rax, 64);
        Assert.Equal(Convert.FromHexString("62E17C48104001"), code.ToArray());
        code = new EvexAssembler();
        code.FusedMultiplyAdd(31, 0, Register.R8, 32);
        Assert.Equal(Convert.FromHexString("62427D58B87808"), code.ToArray());
        code = new EvexAssembler();
        code.LoadHalves(12, Register.Rdx, 32);
        Assert.Equal(Convert.FromHexString("62727D48136201"), code.ToArray());
        code = new EvexAssembler();
        code.LoadSignedBytes(3, Register.Rdx, 16);
        Assert.Equal(Convert.FromHexString("62F27D48215A01"), code.ToArray());
        code = new EvexAssembler();
        code.ShiftRight16(17, 16, 4);
        Assert.Equal(Convert.FromHexString("62B1754071D004"), code.ToArray());
        code = new EvexAssembler();
        code.OrAnd(16, 15, Register.Rdi, 64);
        Assert.Equal(Convert.FromHexString("62E30558254710F8"), code.ToArray());
        code = new EvexAssembler();
        code.Test(Register.R10, 7);
        Assert.Equal(Convert.FromHexString("49F7C207000000"), code.ToArray());
        code = new EvexAssembler();
        code.Prefetch(Register.R9, 64);
        Assert.Equal(Convert.FromHexString("410F189140000000"), code.ToArray());
        code = new EvexAssembler();
        code.ToFloat(0, 0);
        Assert.Equal(Convert.FromHexString("62F17C485BC0"), code.ToArray());
        code = new EvexAssembler();
        code.Load(Register.R11, Register.Rdi, 40);
        Assert.Equal(Convert.FromHexString("4C8B5F28"), code.ToArray());
    }

    [Theory]
    [MemberData(nameof(Quantised))]
    public void EveryTypeWithoutATableIsReadAsItIs(TensorType type)
    {
        SkipWithoutVnni();
        if (VnniKernel.Current is null)
        {
            Assert.Skip("generated code is switched off");
        }

        // A kernel that did not pass its self-check would be null, and only slow.
        TileKind kind = TileKind.Of(type);
        Assert.Equal(type is TensorType.IQ4_NL or TensorType.IQ4_XS or TensorType.MXFP4, kind.PackedKernel is null);
    }

    [Theory]
    [MemberData(nameof(Quantised))]
    public void TilesTakeLittleMoreThanTheFile(TensorType type)
    {
        const int Inputs = 4096;
        long stored = TensorLayout.Of(type).RowBytes(Inputs) * TileKind.Outputs;
        Assert.InRange(TileKind.Of(type).TileBytes(Inputs), 1, stored * 5 / 4);
    }

    [Fact]
    public void AProcessorWithTheInstructionsGetsTheCode()
    {
        SkipWithoutVnni();
        VnniKernel? kernel = VnniKernel.Create();
        Assert.NotNull(kernel);
        Assert.True(VnniSelfCheck.Passes(kernel));
    }

    [Theory]
    [MemberData(nameof(Quantised))]
    public void ItsBitsAreThoseOfTheIntrinsicKernels(TensorType type)
    {
        SkipWithoutVnni();
        if (VnniKernel.Current is null)
        {
            Assert.Skip("generated code is switched off");
        }

        // Few rows read the tile as it is, in groups of eight; many unpack it first.
        Assert.All([1, 2, 3, 8, 13, 29, 45], rows => CompareWithIntrinsics(type, rows));
    }

    private static unsafe void CompareWithIntrinsics(TensorType type, int rows)
    {
        const int Inputs = 1280; // more blocks than are unpacked at a time
        using ThreadTeam team = new(1);
        using ProjectionCase matrix = new(type, 16, Inputs, team, seed: 31);
        using FloatBuffer x = ProjectionCase.Fill(ProjectionCase.RandomRows(rows, Inputs, new Random(32)));
        using FloatBuffer intrinsic = new(rows, 16);
        using FloatBuffer generated = new(rows, 16);
        using ActivationRows input = new(rows, Inputs);
        input.Load(team, x.All);
        WeightMatrix weights = matrix.Weights;
        TileArguments arguments = new()
        {
            Weights = weights.Tile(0),
            Scales = weights.Tile(0) + weights.Kind.WeightBytes(Inputs),
            BytesPerBlock = (int)(weights.TileBytes / (Inputs / 32)),
            Inputs = Inputs,
            Rows = rows,
            Sums = intrinsic.All.Address,
            Records = input.Rounded(team),
            Wide = input.Widened(team),
            RecordStride = ActivationRows.RecordStride(rows),
        };
        weights.Kind.Kernel(&arguments);
        arguments.Sums = generated.All.Address;
        GeneratedTiles.Run(weights.Kind, &arguments);
        for (int row = 0; row < rows; row++)
        {
            Assert.Equal(intrinsic.All[row].ToArray().Select(BitConverter.SingleToInt32Bits), generated.All[row].ToArray().Select(BitConverter.SingleToInt32Bits));
            Assert.Contains(intrinsic.All[row].ToArray(), value => value != 0);
        }
    }

    private static void SkipWithoutVnni()
    {
        if (!X86Base.X64.IsSupported || !Avx512BW.IsSupported || !Vector512.IsHardwareAccelerated || (X86Base.CpuId(7, 0).Ecx & (1 << 11)) == 0
            || !(OperatingSystem.IsLinux() || OperatingSystem.IsWindows()))
        {
            Assert.Skip("this processor has no AVX512_VNNI");
        }
    }
}
