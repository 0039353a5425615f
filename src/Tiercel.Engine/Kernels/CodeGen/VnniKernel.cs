using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Tiercel.Engine.Kernels.Tiles;

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

    /// <summary>Those of unpacked codes; null where there are none.</summary>
    public static VnniKernel? Current { get; } = Environment.GetEnvironmentVariable(Switch) == "0" ? null : Create();

    /// <summary>Adds the blocks of a tile to the sums of <paramref name="rows"/> rows, 1 to <see cref="VnniEmitter.MaxRows"/>.</summary>
    public void Run(VnniArguments* arguments, int rows, bool twoGroups, bool offsets) => Call(arguments, Index(rows, twoGroups, offsets));

    /// <summary>The same for kernels of one layout.</summary>
    public void Run(VnniArguments* arguments, int rows) => Call(arguments, rows - 1);

    /// <summary>Unpacks blocks of a tile of the layout: codes to where the records would be, scales to where the sums would be.</summary>
    public void Unpack(VnniArguments* arguments) => Call(arguments, VnniEmitter.MaxRows);

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
                    VnniEmitter.EmitUnpacked(assembler, rows, twoGroups, offsets);
                }
            }
        }

        VnniKernel? kernel = Place(assembler, entries);
        return kernel is not null && VnniSelfCheck.Passes(kernel) ? kernel : null;
    }

    /// <summary>Kernels that read tiles of a kind as they are; null where there are none, or their results are not those of the intrinsic kernel.</summary>
    internal static VnniKernel? Create(TileKind kind)
    {
        if (Current is null || kind.PackedLayout is not { } layout)
        {
            return null;
        }

        EvexAssembler assembler = new();
        int[] entries = new int[VnniEmitter.MaxRows + 1];
        for (int rows = 1; rows <= VnniEmitter.MaxRows; rows++)
        {
            entries[rows - 1] = assembler.Position;
            VnniEmitter.EmitPacked(assembler, rows, layout);
        }

        entries[VnniEmitter.MaxRows] = assembler.Position;
        VnniEmitter.EmitUnpack(assembler, layout);

        VnniKernel? kernel = Place(assembler, entries);
        return kernel is not null && PackedSelfCheck.Passes(kernel, kind) ? kernel : null;
    }

    private static VnniKernel? Place(EvexAssembler assembler, int[] entries)
    {
        byte* code = ExecutableMemory.Place(assembler.ToArray());
        return code is null ? null : new VnniKernel(code, entries);
    }

    private void Call(VnniArguments* arguments, int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)_entries.Length);
        byte* saved = stackalloc byte[OperatingSystem.IsWindows() ? VnniArguments.SavedVectors * 64 : 1];
        arguments->Saved = saved;
        ((delegate* unmanaged<VnniArguments*, void>)(_code + _entries[index]))(arguments);
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
