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
        int floats = (Vectors * (keyLength + (3 * Tokens) + (2 * valueLength) + 1)) + (Tokens * (keyLength + valueLength));
        float* memory = (float*)NativeMemory.AlignedAlloc((nuint)((floats * sizeof(float)) + (Tokens * (keyLength + valueLength) * sizeof(ushort)) + 64), 64);
        try
        {
            float* keys = memory;
            float* values = keys + (Tokens * keyLength);
            float* queries = values + (Tokens * valueLength);
            float* weights = queries + (Vectors * keyLength);
            float* scores = weights + (Vectors * Tokens);
            float* sums = scores + (2 * Vectors * Tokens);
            float* shrink = sums + (2 * Vectors * valueLength);
            ushort* halfKeys = (ushort*)(shrink + Vectors);
            ushort* halfValues = halfKeys + (Tokens * keyLength);
            uint state = 1;
            FillHalves(halfKeys, keys, Tokens * keyLength, ref state);
            FillHalves(halfValues, values, Tokens * valueLength, ref state);
            Fill(queries, (Vectors * keyLength) + (Vectors * Tokens), ref state);
            Fill(shrink, Vectors, ref state);
            return ScoresAgree(kernel, queries, keyLength, keys, halfKeys, scores) && SumsAgree(kernel, weights, shrink, values, halfValues, sums, valueLength);
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }

    private static bool ScoresAgree(AttentionKernel kernel, float* queries, int length, float* keys, ushort* halfKeys, float* scores)
    {
        float* actual = scores + (Vectors * Tokens);
        AttentionTile.Score<FloatLanes512>(queries, length, keys, scores);
        AttentionTile.Score<FloatLanes512>(queries + (4 * length), length, keys, scores + (4 * Tokens));
        bool same = true;
        for (int vectors = 1; vectors <= Vectors; vectors++)
        {
            kernel.Score(vectors, halves: false, queries, length, (byte*)keys, actual);
            same &= Same(scores, actual, vectors * Tokens);
            kernel.Score(vectors, halves: true, queries, length, (byte*)halfKeys, actual);
            same &= Same(scores, actual, vectors * Tokens);
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
            kernel.Accumulate(vectors, halves, weights + First, shrink, firstValue, Last - First + 1, actual);
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
