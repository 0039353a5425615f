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
        code.ToFloat(0, 0);
        Assert.Equal(Convert.FromHexString("62F17C485BC0"), code.ToArray());
        code = new EvexAssembler();
        code.Load(Register.R11, Register.Rdi, 40);
        Assert.Equal(Convert.FromHexString("4C8B5F28"), code.ToArray());
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
    public unsafe void ItsBitsAreThoseOfTheIntrinsicKernels(TensorType type)
    {
        SkipWithoutVnni();
        if (VnniKernel.Current is null)
        {
            Assert.Skip("generated code is switched off");
        }

        const int Rows = 29;
        const int Inputs = 1280; // more blocks than are unpacked at a time
        using ThreadTeam team = new(1);
        using ProjectionCase matrix = new(type, 16, Inputs, team, seed: 31);
        using FloatBuffer x = ProjectionCase.Fill(ProjectionCase.RandomRows(Rows, Inputs, new Random(32)));
        using FloatBuffer intrinsic = new(Rows, 16);
        using FloatBuffer generated = new(Rows, 16);
        using ActivationRows input = new(Rows, Inputs);
        input.Load(team, x.All);
        WeightMatrix weights = matrix.Weights;
        TileArguments arguments = new()
        {
            Weights = weights.Tile(0),
            Scales = weights.Tile(0) + weights.Kind.WeightBytes(Inputs),
            BytesPerBlock = (int)(weights.TileBytes / (Inputs / 32)),
            Inputs = Inputs,
            Rows = Rows,
            Sums = intrinsic.All.Address,
            Records = input.Rounded(team),
            Wide = input.Widened(team),
            RecordStride = Rows,
        };
        weights.Kind.Kernel(&arguments);
        arguments.Sums = generated.All.Address;
        GeneratedTiles.Run(weights.Kind, &arguments);
        for (int row = 0; row < Rows; row++)
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
