using System.Runtime.InteropServices;
using Tiercel.Engine.KvCache;

namespace Tiercel.Engine.Kernels.CodeGen;

/// <summary>Compares the generated kernels of attention with <see cref="AttentionTile"/>, bit by bit, before they are used.</summary>
internal static unsafe class AttentionSelfCheck
{
    private const int Tokens = KvStorage.BlockSize;
    private const int Vectors = AttentionEmitter.MaxVectors;

    public static bool Passes(AttentionKernel kernel, int keyLength, int valueLength)
    {
        int cache = Tokens * ((2 * keyLength) + valueLength);
        int floats = (Vectors * (keyLength + (4 * Tokens) + (2 * valueLength) + 1)) + cache;
        float* memory = (float*)NativeMemory.AlignedAlloc((nuint)((floats * sizeof(float)) + (cache * sizeof(ushort)) + 64), 64);
        try
        {
            float* keys = memory;
            float* values = keys + (2 * Tokens * keyLength);
            float* queries = values + (Tokens * valueLength);
            float* weights = queries + (Vectors * keyLength);
            float* scores = weights + (Vectors * Tokens);
            float* sums = scores + (3 * Vectors * Tokens);
            float* shrink = sums + (2 * Vectors * valueLength);
            ushort* halfKeys = (ushort*)(shrink + Vectors);
            ushort* halfValues = halfKeys + (2 * Tokens * keyLength);
            uint state = 1;
            FillHalves(halfKeys, keys, 2 * Tokens * keyLength, ref state);
            FillHalves(halfValues, values, Tokens * valueLength, ref state);
            Fill(queries, (Vectors * keyLength) + (Vectors * Tokens), ref state);
            Fill(shrink, Vectors, ref state);
            return ScoresAgree(kernel, queries, keyLength, (byte*)keys, halves: false, keys, scores)
                && ScoresAgree(kernel, queries, keyLength, (byte*)halfKeys, halves: true, keys, scores)
                && SumsAgree(kernel, weights, shrink, values, halfValues, sums, valueLength);
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }

    /// <summary>Scores of two blocks, each alone and both side by side.</summary>
    /// <param name="stored">The keys as the kernel reads them.</param>
    /// <param name="keys">The same in float32.</param>
    private static bool ScoresAgree(AttentionKernel kernel, float* queries, int length, byte* stored, bool halves, float* keys, float* scores)
    {
        float* actual = scores + (Vectors * Tokens);
        nint block = (nint)length * Tokens;
        nint blockBytes = block * (halves ? sizeof(ushort) : sizeof(float));
        bool same = true;
        for (int second = 0; second < 2; second++)
        {
            AttentionTile.Score<FloatLanes512>(queries, length, keys + (second * block), scores);
            AttentionTile.Score<FloatLanes512>(queries + (4 * length), length, keys + (second * block), scores + (4 * Tokens));
            for (int vectors = 1; vectors <= Vectors; vectors++)
            {
                // What comes next may be anywhere: it is only asked for.
                kernel.Score(vectors, halves, queries, length, stored + (second * blockBytes), null, actual);
                same &= Same(scores, actual, vectors * Tokens);
                if (vectors <= AttentionEmitter.MaxPairedVectors)
                {
                    kernel.ScorePair(vectors, halves, queries, length, ((nint)stored, (nint)stored + blockBytes), (0, (nint)stored), actual);
                    same &= Same(scores, actual + (second * vectors * Tokens), vectors * Tokens);
                }
            }
        }

        return same;
    }

    private static bool SumsAgree(AttentionKernel kernel, float* weights, float* shrink, float* values, ushort* halfValues, float* sums, int length)
    {
        const int First = 3;
        const int Last = 30;
        float* actual = sums + (Vectors * length);
        bool same = true;
        for (int variant = 0; variant < 2 * Vectors; variant++)
        {
            int vectors = (variant / 2) + 1;
            bool halves = variant % 2 == 1;
            new Span<float>(sums, 2 * Vectors * length).Fill(0.25f);
            for (int vector = 0; vector < vectors; vector++)
            {
                AttentionTile.Accumulate1<FloatLanes512>(weights + (vector * Tokens), shrink[vector], values, First, Last, sums + (vector * length), length);
            }

            byte* firstValue = halves ? (byte*)(halfValues + (First * length)) : (byte*)(values + (First * length));
            kernel.Accumulate(vectors, halves, weights + First, shrink, firstValue, null, Last - First + 1, actual);
            same &= Same(sums, actual, Vectors * length);
        }

        return same;
    }

    private static bool Same(float* expected, float* actual, int count)
        => new ReadOnlySpan<int>(expected, count).SequenceEqual(new ReadOnlySpan<int>(actual, count));

    private static void FillHalves(ushort* halves, float* floats, int count, ref uint state)
    {
        Fill(floats, count, ref state);
        for (int i = 0; i < count; i++)
        {
            halves[i] = HalfRows.Round(floats[i]);
        }

        HalfRows.Expand(halves, floats, count);
    }

    private static void Fill(float* floats, int count, ref uint state)
    {
        for (int i = 0; i < count; i++)
        {
            state = (state * 1664525) + 1013904223;
            floats[i] = ((int)(state >> 16) - 32768) / 9973f;
        }
    }
}
