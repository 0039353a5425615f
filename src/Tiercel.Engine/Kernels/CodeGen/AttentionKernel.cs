namespace Tiercel.Engine.Kernels.CodeGen;

/// <summary>The generated kernels of attention for one shape of heads; there are none where <see cref="VnniKernel"/> has none.</summary>
internal sealed unsafe class AttentionKernel
{
    private readonly byte* _code;
    private readonly int[] _entries;

    private AttentionKernel(byte* code, int[] entries)
    {
        _code = code;
        _entries = entries;
    }

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
        int[] entries = new int[AttentionEmitter.MaxVectors * 4];
        for (int vectors = 1; vectors <= AttentionEmitter.MaxVectors; vectors++)
        {
            foreach (bool halves in (ReadOnlySpan<bool>)[false, true])
            {
                entries[Index(vectors, halves, accumulates: false)] = assembler.Position;
                AttentionEmitter.EmitScore(assembler, vectors, keyLength, halves);
                entries[Index(vectors, halves, accumulates: true)] = assembler.Position;
                AttentionEmitter.EmitAccumulate(assembler, vectors, valueLength, valueLength, valueLength, halves);
            }
        }

        byte* code = ExecutableMemory.Place(assembler.ToArray());
        AttentionKernel? kernel = code is null ? null : new AttentionKernel(code, entries);
        return kernel is not null && AttentionSelfCheck.Passes(kernel, keyLength, valueLength) ? kernel : null;
    }

    /// <summary>As <see cref="AttentionTile.Score"/>, for some vectors.</summary>
    public void Score(int vectors, bool halves, float* queries, int length, byte* keys, float* scores)
    {
        AttentionArguments arguments = new() { Factors = queries, Cache = keys, Result = scores, Count = length };
        Call(vectors, halves, accumulates: false, &arguments);
    }

    /// <summary>As <see cref="AttentionTile.Accumulate4"/>, for some vectors that see the same tokens.</summary>
    /// <param name="weights">[vectors][32]: those of the first token that is seen.</param>
    /// <param name="values">The value of that token.</param>
    /// <param name="count">Tokens seen, at least 1.</param>
    public void Accumulate(int vectors, bool halves, float* weights, float* shrink, byte* values, int count, float* sums)
    {
        AttentionArguments arguments = new() { Factors = weights, Cache = values, Result = sums, Shrink = shrink, Count = count };
        Call(vectors, halves, accumulates: true, &arguments);
    }

    private void Call(int vectors, bool halves, bool accumulates, AttentionArguments* arguments)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)(vectors - 1), (uint)(AttentionEmitter.MaxVectors - 1), nameof(vectors));
        ((delegate* unmanaged<AttentionArguments*, void>)(_code + _entries[Index(vectors, halves, accumulates)]))(arguments);
    }

    private static int Index(int vectors, bool halves, bool accumulates) => ((vectors - 1) * 4) + (halves ? 2 : 0) + (accumulates ? 1 : 0);
}
