using System.Buffers;

namespace Tiercel.Engine.Sampling;

/// <summary>
/// The tokens that truncation has left, in order of id, with their logits and weights. Every step keeps that order, so what is drawn follows
/// from the kept set alone and not from how it was found. Its arrays are rented; dispose it.
/// </summary>
internal ref struct CandidateSet : IDisposable
{
    private readonly int[] _ids;
    private readonly float[] _logits;
    private readonly float[] _weights;

    private CandidateSet(int capacity)
    {
        _ids = ArrayPool<int>.Shared.Rent(capacity);
        _logits = ArrayPool<float>.Shared.Rent(capacity);
        _weights = ArrayPool<float>.Shared.Rent(capacity);
    }

    public int Count { get; private set; }

    private readonly ReadOnlySpan<float> Logits => _logits.AsSpan(0, Count);

    private readonly Span<float> Weights => _weights.AsSpan(0, Count);

    /// <summary>Starts with the tokens that <see cref="LogitScan.Collect"/> keeps.</summary>
    public static CandidateSet Collect(ReadOnlySpan<float> logits, float threshold, int lastTie)
    {
        var set = new CandidateSet(logits.Length);
        set.Count = LogitScan.Collect(logits, threshold, lastTie, set._ids, set._logits);
        return set;
    }

    /// <summary>Computes the weights; the largest logit of the whole row, which need not be in the set, has weight 1.</summary>
    public readonly void Weigh(float max, float scale) => SoftmaxWeights.Compute(Logits, max, scale, Weights);

    public readonly double Total()
    {
        double total = 0;
        foreach (float weight in Weights)
        {
            total += weight;
        }

        return total;
    }

    /// <summary>Keeps the likeliest tokens whose weights reach the target.</summary>
    public void KeepNucleus(double target)
    {
        using var order = new OrderBuffer(Count);
        for (int i = 0; i < Count; i++)
        {
            order.Set(i, -_logits[i], _weights[i]);
        }

        ulong last = order.LastKept(target);
        int kept = 0;
        for (int i = 0; i < Count; i++)
        {
            kept = Nucleus.Ascending(-_logits[i], i) <= last ? Move(i, kept) : kept;
        }

        Count = kept;
    }

    /// <summary>
    /// Locally typical sampling (Meister et al. 2022): keeps the tokens whose surprise is closest to the entropy, until they reach the share.
    /// With x the scaled logit, surprise - entropy = E[x] - x, so the mean of x is all that is needed.
    /// </summary>
    public void KeepTypical(double share, float max, float scale)
    {
        KeepPossible();
        double total = Total();
        double mean = 0;
        for (int i = 0; i < Count; i++)
        {
            mean += _weights[i] / total * ((double)(_logits[i] - max) * scale);
        }

        using var order = new OrderBuffer(Count);
        for (int i = 0; i < Count; i++)
        {
            order.Set(i, Deviation(i, mean, max, scale), _weights[i]);
        }

        ulong last = order.LastKept(share * total);
        int kept = 0;
        for (int i = 0; i < Count; i++)
        {
            kept = Nucleus.Ascending(Deviation(i, mean, max, scale), i) <= last ? Move(i, kept) : kept;
        }

        Count = kept;
    }

    /// <summary>Keeps the tokens with at least this share of the largest weight in the set.</summary>
    public void KeepMinP(float share)
    {
        float largest = 0;
        foreach (float weight in Weights)
        {
            largest = Math.Max(largest, weight);
        }

        int kept = 0;
        for (int i = 0; i < Count; i++)
        {
            kept = _weights[i] >= share * largest ? Move(i, kept) : kept;
        }

        Count = kept;
    }

    /// <summary>The largest logit in the set.</summary>
    public readonly float MaxLogit()
    {
        float max = float.NegativeInfinity;
        foreach (float logit in Logits)
        {
            max = Math.Max(max, logit);
        }

        return max;
    }

    /// <summary>The token at a quantile of the weights, in order of id.</summary>
    /// <param name="uniform">In [0, 1).</param>
    public readonly int Draw(double uniform)
    {
        double target = uniform * Total();
        return _ids[IndexAt(Weights, target)];
    }

    /// <summary>The first index at which the running sum of the weights exceeds the target; when rounding leaves none, the last with a weight.</summary>
    public static int IndexAt(ReadOnlySpan<float> weights, double target)
    {
        double sum = 0;
        int last = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            if (weights[i] > 0)
            {
                last = i;
                sum += weights[i];
                if (sum > target)
                {
                    break;
                }
            }
        }

        return last;
    }

    public readonly void Dispose()
    {
        ArrayPool<int>.Shared.Return(_ids);
        ArrayPool<float>.Shared.Return(_logits);
        ArrayPool<float>.Shared.Return(_weights);
    }

    private readonly float Deviation(int i, double mean, float max, float scale) => (float)Math.Abs(((double)(_logits[i] - max) * scale) - mean);

    private void KeepPossible()
    {
        int kept = 0;
        for (int i = 0; i < Count; i++)
        {
            kept = _weights[i] > 0 ? Move(i, kept) : kept;
        }

        Count = kept;
    }

    private readonly int Move(int from, int to)
    {
        _ids[to] = _ids[from];
        _logits[to] = _logits[from];
        _weights[to] = _weights[from];
        return to + 1;
    }

    /// <summary>Rented keys and a second copy of the weights for <see cref="Nucleus"/>, which reorders both.</summary>
    private readonly ref struct OrderBuffer(int count) : IDisposable
    {
        private readonly int _count = count;
        private readonly ulong[] _keys = ArrayPool<ulong>.Shared.Rent(count);
        private readonly float[] _weights = ArrayPool<float>.Shared.Rent(count);

        public void Set(int index, float key, float weight)
        {
            _keys[index] = Nucleus.Ascending(key, index);
            _weights[index] = weight;
        }

        public ulong LastKept(double target) => Nucleus.LastKept(_keys.AsSpan(0, _count), _weights.AsSpan(0, _count), target);

        public void Dispose()
        {
            ArrayPool<ulong>.Shared.Return(_keys);
            ArrayPool<float>.Shared.Return(_weights);
        }
    }
}
