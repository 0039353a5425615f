using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tiercel.Engine.Kernels.CodeGen;

/// <summary>
/// The generated kernels of this process, if it may have them: a processor with AVX512_VNNI on which the runtime uses AVX-512, an operating system that lets pages become executable, a self-check that
/// passed, and <c>TIERCEL_GENERATED_CODE</c> not set to 0.
/// </summary>
internal sealed unsafe class VnniKernel
{
    private const string Switch = "TIERCEL_GENERATED_CODE";

    private readonly byte* _code;
    private readonly int[] _entries;

    private VnniKernel(byte* code, int[] entries)
    {
        _code = code;
        _entries = entries;
    }

    /// <summary>Null where there are none.</summary>
    public static VnniKernel? Current { get; } = Environment.GetEnvironmentVariable(Switch) == "0" ? null : Create();

    /// <summary>Adds the blocks of a tile to the sums of <paramref name="rows"/> rows, 1 to <see cref="VnniEmitter.MaxRows"/>.</summary>
    public void Run(VnniArguments* arguments, int rows, bool twoGroups, bool offsets)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)(rows - 1), (uint)(VnniEmitter.MaxRows - 1), nameof(rows));
        byte* entry = _code + _entries[Index(rows, twoGroups, offsets)];
        ((delegate* unmanaged<VnniArguments*, void>)entry)(arguments);
    }

    /// <summary>Null unless the processor, the system and the self-check allow it.</summary>
    internal static VnniKernel? Create()
    {
        if (!ProcessorHasIt())
        {
            return null;
        }

        EvexAssembler assembler = new();
        int[] entries = new int[VnniEmitter.MaxRows * 4];
        for (int rows = 1; rows <= VnniEmitter.MaxRows; rows++)
        {
            foreach (bool twoGroups in (ReadOnlySpan<bool>)[false, true])
            {
                foreach (bool offsets in (ReadOnlySpan<bool>)[false, true])
                {
                    entries[Index(rows, twoGroups, offsets)] = assembler.Position;
                    VnniEmitter.Emit(assembler, rows, twoGroups, offsets);
                }
            }
        }

        byte* code = ExecutableMemory.Place(assembler.ToArray());
        if (code is null)
        {
            return null;
        }

        VnniKernel kernel = new(code, entries);
        return VnniSelfCheck.Passes(kernel) ? kernel : null;
    }

    /// <summary>CPUID leaf 7, ECX bit 11; that the system saves 512-bit registers is part of what the runtime asks before it uses AVX-512.</summary>
    private static bool ProcessorHasIt()
    {
        if (!X86Base.X64.IsSupported || !Avx512BW.IsSupported || !Vector512.IsHardwareAccelerated || X86Base.CpuId(0, 0).Eax < 7)
        {
            return false;
        }

        return (X86Base.CpuId(7, 0).Ecx & (1 << 11)) != 0;
    }

    private static int Index(int rows, bool twoGroups, bool offsets) => ((rows - 1) * 4) + (twoGroups ? 2 : 0) + (offsets ? 1 : 0);
}
