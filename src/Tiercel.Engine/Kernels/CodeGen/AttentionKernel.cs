using System.Collections.Concurrent;

namespace Tiercel.Engine.Kernels.CodeGen;

/// <summary>The generated kernels of attention for one shape of heads; there are none where <see cref="VnniKernel"/> has none.</summary>
internal sealed unsafe class AttentionKernel
{
    private const int ScoreOne = 0;
    private const int ScoreTwo = 1;
    private const int Accumulates = 2;
    private const int Variants = 3;

    private static readonly ConcurrentDictionary<(int Key, int Value), Lazy<AttentionKernel?>> Known = new();

    private readonly byte* _code;
    private readonly int[] _entries;

    private AttentionKernel(byte* code, int[] entries)
    {
        _code = code;
        _entries = entries;
    }

    /// <summary>Those of a shape, made and checked when first asked for; see <see cref="Create"/>.</summary>
    public static AttentionKernel? Of(int keyLength, int valueLength)
        => Known.GetOrAdd((keyLength, valueLength), static shape => new Lazy<AttentionKernel?>(() => Create(shape.Key, shape.Value))).Value;

    /// <summary>Null where there are none, where values are not whole strips of 32, or where the self-check fails.</summary>
    /// <param name="keyLength">Elements of a key.</param>
    /// <param name="valueLength">Elements of a value; those in float32 lie as far apart.</param>
    public static AttentionKernel? Create(int keyLength, int valueLength)
    {
        if (VnniKernel.Current is null || valueLength % 32 != 0)
        {
            return null;
        }

        EvexAssembler assembler = new();
        int[] entries = new int[AttentionEmitter.MaxVectors * 2 * Variants];
        for (int vectors = 1; vectors <= AttentionEmitter.MaxVectors; vectors++)
        {
            foreach (bool halves in (ReadOnlySpan<bool>)[false, true])
            {
                for (int blocks = 1; blocks <= (vectors <= AttentionEmitter.MaxPairedVectors ? 2 : 1); blocks++)
                {
                    entries[Index(vectors, halves, blocks == 1 ? ScoreOne : ScoreTwo)] = assembler.Position;
                    AttentionEmitter.EmitScore(assembler, vectors, blocks, keyLength, halves);
                }

                entries[Index(vectors, halves, Accumulates)] = assembler.Position;
                AttentionEmitter.EmitAccumulate(assembler, vectors, valueLength, valueLength, valueLength, halves);
            }
        }

        byte* code = ExecutableMemory.Place(assembler.ToArray());
        AttentionKernel? kernel = code is null ? null : new AttentionKernel(code, entries);
        return kernel is not null && AttentionSelfCheck.Passes(kernel, keyLength, valueLength) ? kernel : null;
    }

    /// <summary>As <see cref="AttentionTile.Score"/>, for some vectors.</summary>
    /// <param name="next">Keys that will be scored next; any address.</param>
    public void Score(int vectors, bool halves, float* queries, int length, byte* keys, byte* next, float* scores)
    {
        AttentionArguments arguments = new() { Factors = queries, Cache = keys, Result = scores, Count = length, Next = next };
        Call(vectors, halves, ScoreOne, &arguments);
    }

    /// <summary>The same for two blocks: at most <see cref="AttentionEmitter.MaxPairedVectors"/> vectors.</summary>
    /// <param name="next">Keys of two blocks that will be scored next; any addresses.</param>
    /// <param name="scores">[2 blocks][vectors][32].</param>
    public void ScorePair(int vectors, bool halves, float* queries, int length, (nint First, nint Second) keys, (nint First, nint Second) next, float* scores)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(vectors, AttentionEmitter.MaxPairedVectors);
        AttentionArguments arguments = new()
        {
            Factors = queries,
            Cache = (byte*)keys.First,
            SecondCache = (byte*)keys.Second,
            Result = scores,
            Count = length,
            Next = (byte*)next.First,
            SecondNext = (byte*)next.Second,
        };
        Call(vectors, halves, ScoreTwo, &arguments);
    }

    /// <summary>As <see cref="AttentionTile.Accumulate4"/>, for some vectors that see the same tokens.</summary>
    /// <param name="weights">[vectors][32]: those of the first token that is seen.</param>
    /// <param name="values">The value of that token.</param>
    /// <param name="next">The value that will be added first in the next call; any address.</param>
    /// <param name="count">Tokens seen, at least 1.</param>
    public void Accumulate(int vectors, bool halves, float* weights, float* shrink, byte* values, byte* next, int count, float* sums)
    {
        AttentionArguments arguments = new() { Factors = weights, Cache = values, Result = sums, Shrink = shrink, Count = count, Next = next };
        Call(vectors, halves, Accumulates, &arguments);
    }

    private void Call(int vectors, bool halves, int variant, AttentionArguments* arguments)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)(vectors - 1), (uint)(AttentionEmitter.MaxVectors - 1), nameof(vectors));
        ((delegate* unmanaged<AttentionArguments*, void>)(_code + _entries[Index(vectors, halves, variant)]))(arguments);
    }

    private static int Index(int vectors, bool halves, int variant) => ((((vectors - 1) * 2) + (halves ? 1 : 0)) * Variants) + variant;
}
