using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Tiercel.Engine.Kernels.CodeGen;
using Tiercel.Engine.Models;

namespace Tiercel.Engine.Kernels.Limits;

/// <summary>What the machine can do at most: the figures that kernels are compared with.</summary>
internal static unsafe class MachineLimits
{
    private const long LargestBuffer = 512L << 20;
    private const long SmallestBuffer = 64L << 20;

    /// <summary>GB/s that the team reads from memory, in 64-byte loads from a buffer far larger than the caches (where that much memory is free).</summary>
    public static double ReadBandwidth(ThreadTeam team, TimeProvider time)
    {
        const int Parts = 128;
        const int Items = 64;
        const long BytesPerLoop = 256L * Items * Parts;
        long bytes = Math.Clamp(FreeMemory.Bytes() / 2, SmallestBuffer, LargestBuffer) / BytesPerLoop * BytesPerLoop;
        byte* buffer = LargePages.Allocate((nuint)bytes);
        NativeMemory.Fill(buffer, (nuint)bytes, 1);
        ReadingWork work = new(buffer, bytes / Items / Parts);
        double seconds = FastestRun.Seconds(time, Parts, part =>
        {
            work.Offset = part * (bytes / Parts);
            team.Run(work, Items);
        });
        NativeMemory.AlignedFree(buffer);
        return bytes / seconds / 1e9;
    }

    /// <summary>GOP/s of 8-bit multiply-adds with the widest instructions that the kernels have here.</summary>
    public static double IntegerPeak(ThreadTeam team, TimeProvider time) => Math.Max(MultiplyingPeak(team, time), GeneratedPeak(team, time));

    /// <summary>GOP/s of 8-bit multiply-adds from registers with the widest instructions .NET has here.</summary>
    private static double MultiplyingPeak(ThreadTeam team, TimeProvider time)
    {
        MultiplyingWork work = new();
        int items = team.ThreadCount;
        double seconds = FastestRun.Seconds(time, () => team.Run(work, items));
        return items * (double)MultiplyingWork.OperationsPerItem / seconds / 1e9;
    }

    /// <summary>GOP/s of generated 512-bit dot products whose operands come from the first-level cache; 0 where code cannot be generated.</summary>
    private static double GeneratedPeak(ThreadTeam team, TimeProvider time)
    {
        DottingWork work = new();
        return work.CanRun ? team.ThreadCount * (double)DottingWork.OperationsPerItem / FastestRun.Seconds(time, () => team.Run(work, team.ThreadCount)) / 1e9 : 0;
    }

    /// <summary>Eight sums, each with a chain of its own; the kernel of a tile differs only in what it does besides.</summary>
    private sealed class DottingWork : TeamWork
    {
        private const int Rounds = 10_000;
        private const int DotsPerRound = 64;
        private const int ProductsPerDot = 64;
        public const long OperationsPerItem = 2L * Rounds * DotsPerRound * ProductsPerDot;

        private readonly delegate* unmanaged<long*, void> _code;

        public DottingWork()
        {
            if (!KernelPaths.UsesGeneratedCode)
            {
                return;
            }

            EvexAssembler code = new();
            code.EndBranch64();
            Register arguments = OperatingSystem.IsWindows() ? Register.Rcx : Register.Rdi;
            code.Load(Register.Rax, arguments, 0);
            code.Load(Register.R10, arguments, 8);
            int loop = code.Position;
            for (int dot = 0; dot < DotsPerRound; dot++)
            {
                code.DotBytes(16 + (dot % 8), 24 + (dot % 8), Register.Rax, dot % 8 * 4);
            }

            code.Decrement(Register.R10);
            code.JumpIfNotZero(loop);
            code.ZeroUpper();
            code.Return();
            _code = (delegate* unmanaged<long*, void>)ExecutableMemory.Place(code.ToArray());
        }

        public bool CanRun => _code is not null;

        public override void Execute(int item, int thread)
        {
            long* operands = stackalloc long[8];
            long* arguments = stackalloc long[] { (long)operands, Rounds };
            _code(arguments);
        }
    }

    private sealed class ReadingWork(byte* buffer, long bytesPerItem) : TeamWork
    {
        private long _sum;

        public long Offset { get; set; }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public override void Execute(int item, int thread)
        {
            byte* source = buffer + Offset + (item * bytesPerItem);
            Vector512<long> a = default, b = default, c = default, d = default;
            for (long i = 0; i < bytesPerItem; i += 256)
            {
                a += Vector512.Load((long*)(source + i));
                b += Vector512.Load((long*)(source + i + 64));
                c += Vector512.Load((long*)(source + i + 128));
                d += Vector512.Load((long*)(source + i + 192));
            }

            _sum = Vector512.Sum(a + b + c + d);
        }
    }

    private sealed class MultiplyingWork : TeamWork
    {
        public const int Rounds = 10_000;
        private const int BytesPerRound = 8 * 64;
        public const long OperationsPerItem = 2L * Rounds * BytesPerRound;

        private int _sum;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public override void Execute(int item, int thread)
        {
            if (AvxVnni.IsSupported)
            {
                Dot256();
            }
            else if (Avx512BW.IsSupported)
            {
                Pairs512();
            }
            else if (Avx2.IsSupported)
            {
                Pairs256();
            }
        }

        /// <summary>Eight products of 64 bytes per round, summed in 16 bits as the kernels for 4-bit weights do.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Pairs512()
        {
            Vector512<byte> w = Vector512.Create((byte)_sum);
            Vector512<sbyte> x = Vector512.Create((sbyte)_sum);
            Vector512<int> total = default;
            for (int i = 0; i < Rounds; i++)
            {
                Vector512<short> a = Avx512BW.MultiplyAddAdjacent(w, x) + Avx512BW.MultiplyAddAdjacent(w + Vector512<byte>.One, x);
                w += Vector512<byte>.One;
                Vector512<short> b = Avx512BW.MultiplyAddAdjacent(w, x) + Avx512BW.MultiplyAddAdjacent(w + Vector512<byte>.One, x);
                w += Vector512<byte>.One;
                Vector512<short> c = Avx512BW.MultiplyAddAdjacent(w, x) + Avx512BW.MultiplyAddAdjacent(w + Vector512<byte>.One, x);
                w += Vector512<byte>.One;
                Vector512<short> d = Avx512BW.MultiplyAddAdjacent(w, x) + Avx512BW.MultiplyAddAdjacent(w + Vector512<byte>.One, x);
                w += Vector512<byte>.One;
                total += Avx512BW.MultiplyAddAdjacent(a + b + (c + d), Vector512<short>.One);
            }

            _sum = Vector512.Sum(total);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Pairs256()
        {
            Vector256<byte> w = Vector256.Create((byte)_sum);
            Vector256<sbyte> x = Vector256.Create((sbyte)_sum);
            Vector256<int> total = default;
            for (int i = 0; i < Rounds * 4; i++)
            {
                Vector256<short> a = Avx2.MultiplyAddAdjacent(w, x) + Avx2.MultiplyAddAdjacent(w + Vector256<byte>.One, x);
                w += Vector256<byte>.One;
                Vector256<short> b = Avx2.MultiplyAddAdjacent(w, x) + Avx2.MultiplyAddAdjacent(w + Vector256<byte>.One, x);
                w += Vector256<byte>.One;
                total += Avx2.MultiplyAddAdjacent(a + b, Vector256<short>.One);
            }

            _sum = Vector256.Sum(total);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Dot256()
        {
            Vector256<byte> w = Vector256.Create((byte)_sum);
            Vector256<sbyte> x = Vector256.Create((sbyte)_sum);
            Vector256<int> a = default, b = default, c = default, d = default, e = default, f = default, g = default, h = default;
            for (int i = 0; i < Rounds * 2; i++)
            {
                a = AvxVnni.MultiplyWideningAndAdd(a, w, x);
                b = AvxVnni.MultiplyWideningAndAdd(b, w, x);
                c = AvxVnni.MultiplyWideningAndAdd(c, w, x);
                d = AvxVnni.MultiplyWideningAndAdd(d, w, x);
                e = AvxVnni.MultiplyWideningAndAdd(e, w, x);
                f = AvxVnni.MultiplyWideningAndAdd(f, w, x);
                g = AvxVnni.MultiplyWideningAndAdd(g, w, x);
                h = AvxVnni.MultiplyWideningAndAdd(h, w, x);
            }

            _sum = Vector256.Sum(a + b + c + d + e + f + g + h);
        }
    }
}
