using System.Collections.Concurrent;
using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels.CodeGen;
using Tiercel.Engine.Kernels.Quantization;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>How matrices of one type lie in memory as tiles of 16 outputs, and the kernel that reads them on this process's path.</summary>
internal sealed unsafe class TileKind
{
    /// <summary>Outputs in a tile.</summary>
    public const int Outputs = 16;

    /// <summary>Elements in a quad: those whose codes share a 32-bit lane.</summary>
    public const int Quad = 4;

    private static readonly ConcurrentDictionary<TensorType, TileKind> Kinds = new();

    private readonly delegate*<int, int> _scaleBytes;
    private readonly Lazy<VnniKernel?> _packed;

    private TileKind(TensorType type, delegate*<TileArguments*, void> kernel, int blockBytes, delegate*<int, int> scaleBytes, bool wantsWide)
    {
        Type = type;
        Kernel = kernel;
        BlockBytes = blockBytes;
        _scaleBytes = scaleBytes;
        Format = QuantFormat.Of(type);
        WantsWide = wantsWide;
        _packed = new Lazy<VnniKernel?>(() => VnniKernel.Create(this));
    }

    /// <summary>Unpacks blocks for the generated kernels: arguments, first block, blocks, codes, scales.</summary>
    public delegate*<TileArguments*, int, int, byte*, float*, void> Unpack { get; private init; }

    /// <summary>Bits by which codes are moved up so that zero is at 128; 0 where it is at 0.</summary>
    public int CodeShift { get; private init; }

    /// <summary>Bits of a code in the first plane of a block; 8 where codes are bytes.</summary>
    public int LowBits { get; private init; } = 8;

    /// <summary>Bits of a code in the second plane, or 0.</summary>
    public int HighBits { get; private init; }

    /// <summary>Blocks of 32 have two scales.</summary>
    public bool TwoGroups { get; private init; }

    public bool HasOffsets { get; private init; }

    /// <summary>For generated kernels; null for types that they cannot read as they are: floats, and codes that are looked up in a table.</summary>
    public PackedLayout? PackedLayout { get; private init; }

    /// <summary>Generated kernels that read tiles of this kind as they are; null where there are none.</summary>
    public VnniKernel? PackedKernel => _packed.Value;

    public TensorType Type { get; }

    /// <summary>Null for float weights.</summary>
    public QuantFormat? Format { get; }

    public delegate*<TileArguments*, void> Kernel { get; }

    /// <summary>The kernel reads activations widened to 16 bits.</summary>
    public bool WantsWide { get; }

    /// <summary>Bytes of 16 outputs by 32 elements, or for float weights by two elements.</summary>
    public int BlockBytes { get; }

    /// <summary>Bytes of a tile's elements, before its scales.</summary>
    public int WeightBytes(int inputs) => Format is null
        ? checked((inputs + 1) / 2 * BlockBytes)
        : checked(inputs / ActivationRecord.Elements * BlockBytes);

    /// <summary>Bytes of a tile's scales, after its elements; float weights have none.</summary>
    public int ScaleBytes(int inputs) => Format is null ? 0 : _scaleBytes(inputs / ActivationRecord.Elements);

    /// <summary>Bytes of a tile, a multiple of a cache line.</summary>
    public int TileBytes(int inputs) => checked((WeightBytes(inputs) + ScaleBytes(inputs) + 63) / 64 * 64);

    /// <summary>The kind of a type; one object each, with its generated code.</summary>
    public static TileKind Of(TensorType type) => Kinds.GetOrAdd(type, Make);

    private static TileKind Make(TensorType type) => type switch
    {
        TensorType.F32 => Floats<SingleWeights>(type),
        TensorType.F16 => Floats<HalfWeights>(type),
        TensorType.BF16 => Floats<BrainWeights>(type),
        TensorType.Q4_0 => Quants<PlaneQuants<FourBits, NoBits, CodesTo15Around8>, BlockScales<No>>(type),
        TensorType.Q4_1 => Quants<PlaneQuants<FourBits, NoBits, CodesTo15>, BlockScales<Yes>>(type),
        TensorType.Q5_0 => Quants<PlaneQuants<FourBits, OneBit, CodesTo31Around16>, BlockScales<No>>(type),
        TensorType.Q5_1 => Quants<PlaneQuants<FourBits, OneBit, CodesTo31>, BlockScales<Yes>>(type),
        TensorType.Q8_0 => Quants<ByteQuants<CodesTo255Around128>, BlockScales<No>>(type),
        TensorType.Q2_K => Quants<PlaneQuants<TwoBits, NoBits, CodesTo3>, GroupScales<Yes, Yes>>(type),
        TensorType.Q3_K => Quants<PlaneQuants<TwoBits, OneBit, CodesTo7Around4>, GroupScales<Yes, No>>(type),
        TensorType.Q4_K => Quants<PlaneQuants<FourBits, NoBits, CodesTo15>, GroupScales<No, Yes>>(type),
        TensorType.Q5_K => Quants<PlaneQuants<FourBits, OneBit, CodesTo31>, GroupScales<No, Yes>>(type),
        TensorType.Q6_K => Quants<PlaneQuants<FourBits, TwoBits, CodesTo63Around32>, GroupScales<Yes, No>>(type),
        TensorType.IQ4_NL => Quants<TableQuants<NonLinearTable, CodesTo255Around128>, BlockScales<No>>(type),
        TensorType.IQ4_XS => Quants<TableQuants<NonLinearTable, CodesTo255Around128>, GroupScales<No, No>>(type),
        TensorType.MXFP4 => Quants<TableQuants<DoubledE2M1Table, CodesTo31Around16>, PowerScales>(type),
        _ => throw new ModelFormatException($"tensor type {(uint)type} is not supported"),
    };

    private static TileKind Floats<TWeights>(TensorType type)
        where TWeights : struct, IFloatWeights
    {
        delegate*<TileArguments*, void> kernel = KernelPaths.Current switch
        {
            KernelPath.Avx512 => &FloatKernel512<TWeights>.Run,
            KernelPath.AvxVnni or KernelPath.Avx2 => &FloatKernel256<TWeights>.Run,
            KernelPath.Vector128 => &FloatKernel128<TWeights>.Run,
            _ => &FloatKernelScalar<TWeights>.Run,
        };
        return new TileKind(type, kernel, TWeights.PairBytes, null, wantsWide: false);
    }

    private static TileKind Quants<TQuants, TScales>(TensorType type)
        where TQuants : struct, ITileQuants
        where TScales : struct, ITileScales
    {
        bool wide = KernelPaths.Current == KernelPath.Avx512 && TQuants.Max > 63;
        delegate*<TileArguments*, void> kernel = KernelPaths.Current switch
        {
            KernelPath.Avx512 when wide => &WideKernel512<TQuants, TScales>.Run,
            KernelPath.Avx512 => &QuantKernel512<TQuants, TScales>.Run,
            KernelPath.AvxVnni or KernelPath.Avx2 => &QuantKernel256<TQuants, TScales>.Run,
            KernelPath.Vector128 => &QuantKernel128<TQuants, TScales>.Run,
            _ => &QuantKernelScalar<TQuants, TScales>.Run,
        };
        return new TileKind(type, kernel, TQuants.BlockBytes, &TScales.Bytes, wide)
        {
            Unpack = &TileUnpacker<TQuants, TScales>.Run,
            CodeShift = TQuants.Zero == 0 ? 0 : 7 - int.Log2(TQuants.Zero),
            LowBits = TQuants.LowBits,
            HighBits = TQuants.HighBits,
            TwoGroups = TScales.TwoGroups,
            HasOffsets = TScales.HasOffsets,
            PackedLayout = TQuants.IsLookedUp ? null : Layout<TQuants, TScales>(type),
        };
    }

    private static PackedLayout Layout<TQuants, TScales>(TensorType type)
        where TQuants : struct, ITileQuants
        where TScales : struct, ITileScales
        => new(
            TQuants.LowBits,
            TQuants.HighBits,
            TQuants.Zero == 0 ? 0 : 7 - int.Log2(TQuants.Zero),
            QuantFormat.Of(type)!.HasGroupScales,
            TScales.TwoGroups,
            TScales.HasOffsets,
            TQuants.BlockBytes + (TScales.Bytes(8) / 8));
}
