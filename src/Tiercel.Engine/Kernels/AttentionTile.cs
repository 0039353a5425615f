using System.Runtime.CompilerServices;
using Tiercel.Engine.KvCache;

namespace Tiercel.Engine.Kernels;

/// <summary>
/// The arithmetic of attention over one block of 32 tokens, for any width of lanes. What is computed for a query vector is a fixed sequence of operations that does
/// not depend on the vectors that share its tile.
/// </summary>
internal static unsafe class AttentionTile
{
    private const int Tokens = KvStorage.BlockSize;

    /// <summary>Query vectors that are scored together.</summary>
    public const int Vectors = 4;

    /// <summary>scores[v][t] = Σ_d query[v][d] * keys[d][t], d ascending. Lanes are tokens: 4 vectors by 2 strips of lanes are 8 independent sums.</summary>
    public static void Score<T>(float* queries, int length, float* keys, float* scores)
        where T : struct, IFloatLanes<T>
    {
        for (int t = 0; t < Tokens; t += 2 * T.Count)
        {
            T a0 = T.Broadcast(0f), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
            float* key = keys + t;
            float* query = queries;
            for (int i = 0; i < length; i++, key += Tokens, query++)
            {
                T k0 = T.Load(in *key, 0);
                T k1 = T.Load(in *key, (nuint)T.Count);
                T q = T.Broadcast(query[0]);
                a0 = T.MultiplyAdd(q, k0, a0);
                a1 = T.MultiplyAdd(q, k1, a1);
                q = T.Broadcast(query[length]);
                b0 = T.MultiplyAdd(q, k0, b0);
                b1 = T.MultiplyAdd(q, k1, b1);
                q = T.Broadcast(query[2 * length]);
                c0 = T.MultiplyAdd(q, k0, c0);
                c1 = T.MultiplyAdd(q, k1, c1);
                q = T.Broadcast(query[3 * length]);
                d0 = T.MultiplyAdd(q, k0, d0);
                d1 = T.MultiplyAdd(q, k1, d1);
            }

            StorePair(a0, a1, scores + t);
            StorePair(b0, b1, scores + Tokens + t);
            StorePair(c0, c1, scores + (2 * Tokens) + t);
            StorePair(d0, d1, scores + (3 * Tokens) + t);
        }
    }

    /// <summary>
    /// Online softmax: scores outside first..last become 0, the others e^(score - maximum). Returns the factor by which what was summed before must shrink.
    /// </summary>
    /// <param name="totals">Sums of the exponentials so far, one for each lane; added up only when the row ends.</param>
    public static float Softmax<T>(float* scores, int first, int last, ref float maximum, float* totals)
        where T : struct, IFloatLanes<T>
    {
        for (int t = 0; t < first; t++)
        {
            scores[t] = float.NegativeInfinity;
        }

        for (int t = last + 1; t < Tokens; t++)
        {
            scores[t] = float.NegativeInfinity;
        }

        T largest = T.Broadcast(float.NegativeInfinity);
        for (int t = 0; t < Tokens; t += T.Count)
        {
            largest = T.Max(largest, T.Load(in scores[t], 0));
        }

        float newMaximum = MathF.Max(maximum, largest.Maximum());
        float shrink = maximum == newMaximum ? 1f : LaneMath.Exp(ScalarLane.Broadcast(maximum - newMaximum)).Sum();
        maximum = newMaximum;
        T shift = T.Broadcast(newMaximum);
        T total = T.Load(in *totals, 0) * T.Broadcast(shrink);
        for (int t = 0; t < Tokens; t += T.Count)
        {
            T e = LaneMath.Exp(T.Load(in scores[t], 0) - shift);
            e.Store(ref scores[t], 0);
            total += e;
        }

        total.Store(ref *totals, 0);
        return shrink;
    }

    /// <summary>sums[v][d] = sums[v][d] * shrink[v] + Σ_t weights[v][t] * values[t][d] over first..last ascending, for four vectors. Lanes are dimensions.</summary>
    /// <param name="stride">Floats from row to row of sums and values, a multiple of 32.</param>
    public static void Accumulate4<T>(float* weights, float* shrink, float* values, int first, int last, float* sums, int stride)
        where T : struct, IFloatLanes<T>
    {
        for (int d = 0; d < stride; d += 2 * T.Count)
        {
            float* s0 = sums + d;
            float* s1 = s0 + stride;
            float* s2 = s1 + stride;
            float* s3 = s2 + stride;
            T a0 = T.Load(in *s0, 0) * T.Broadcast(shrink[0]), a1 = T.Load(in *s0, (nuint)T.Count) * T.Broadcast(shrink[0]);
            T b0 = T.Load(in *s1, 0) * T.Broadcast(shrink[1]), b1 = T.Load(in *s1, (nuint)T.Count) * T.Broadcast(shrink[1]);
            T c0 = T.Load(in *s2, 0) * T.Broadcast(shrink[2]), c1 = T.Load(in *s2, (nuint)T.Count) * T.Broadcast(shrink[2]);
            T d0 = T.Load(in *s3, 0) * T.Broadcast(shrink[3]), d1 = T.Load(in *s3, (nuint)T.Count) * T.Broadcast(shrink[3]);
            float* value = values + ((long)first * stride) + d;
            for (int t = first; t <= last; t++, value += stride)
            {
                T v0 = T.Load(in *value, 0);
                T v1 = T.Load(in *value, (nuint)T.Count);
                T w = T.Broadcast(weights[t]);
                a0 = T.MultiplyAdd(w, v0, a0);
                a1 = T.MultiplyAdd(w, v1, a1);
                w = T.Broadcast(weights[Tokens + t]);
                b0 = T.MultiplyAdd(w, v0, b0);
                b1 = T.MultiplyAdd(w, v1, b1);
                w = T.Broadcast(weights[(2 * Tokens) + t]);
                c0 = T.MultiplyAdd(w, v0, c0);
                c1 = T.MultiplyAdd(w, v1, c1);
                w = T.Broadcast(weights[(3 * Tokens) + t]);
                d0 = T.MultiplyAdd(w, v0, d0);
                d1 = T.MultiplyAdd(w, v1, d1);
            }

            StorePair(a0, a1, s0);
            StorePair(b0, b1, s1);
            StorePair(c0, c1, s2);
            StorePair(d0, d1, s3);
        }
    }

    /// <summary>As <see cref="Accumulate4"/> for one vector: the same operations on it.</summary>
    public static void Accumulate1<T>(float* weights, float shrink, float* values, int first, int last, float* sums, int stride)
        where T : struct, IFloatLanes<T>
    {
        for (int d = 0; d < stride; d += 2 * T.Count)
        {
            T a0 = T.Load(in sums[d], 0) * T.Broadcast(shrink), a1 = T.Load(in sums[d], (nuint)T.Count) * T.Broadcast(shrink);
            float* value = values + ((long)first * stride) + d;
            for (int t = first; t <= last; t++, value += stride)
            {
                T w = T.Broadcast(weights[t]);
                a0 = T.MultiplyAdd(w, T.Load(in *value, 0), a0);
                a1 = T.MultiplyAdd(w, T.Load(in *value, (nuint)T.Count), a1);
            }

            StorePair(a0, a1, sums + d);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StorePair<T>(T low, T high, float* destination)
        where T : struct, IFloatLanes<T>
    {
        low.Store(ref *destination, 0);
        high.Store(ref *destination, (nuint)T.Count);
    }
}
