using System.Numerics;

namespace Tiercel.Engine.Sampling;

/// <summary>
/// Finds the shortest prefix, in a given order, whose weights reach a target, without sorting everything: partition around a pivot, keep the
/// side in which the target lies. Linear on average; a bad run of pivots ends in a sort of what is left.
/// </summary>
internal static class Nucleus
{
    private const int SortBelow = 128;

    /// <summary>A sort key: ascending <paramref name="key"/>, then ascending <paramref name="index"/>.</summary>
    public static ulong Ascending(float key, int index)
    {
        // Adding zero turns -0 into +0; then the bits of positive floats are in order, and those of negative ones in reverse.
        uint bits = BitConverter.SingleToUInt32Bits(key + 0f);
        bits = (bits & 0x8000_0000) != 0 ? ~bits : bits | 0x8000_0000;
        return ((ulong)bits << 32) | (uint)index;
    }

    /// <summary>The last key of the shortest prefix whose weights sum to at least the target; the spans are reordered.</summary>
    /// <param name="order">Distinct keys from <see cref="Ascending"/>; at least one.</param>
    /// <param name="weights">As many as keys.</param>
    /// <param name="target">In the unit of the weights.</param>
    public static ulong LastKept(Span<ulong> order, Span<float> weights, double target)
    {
        int start = 0;
        int end = order.Length;
        int rounds = 2 * BitOperations.Log2((uint)order.Length);
        while (end - start > SortBelow && rounds-- > 0)
        {
            ulong pivot = Median(order[start], order[start + ((end - start) / 2)], order[end - 1]);
            (int split, double sum) = Partition(order, weights, start, end, pivot);
            if (sum >= target)
            {
                end = split;
            }
            else
            {
                target -= sum;
                start = split;
            }
        }

        order[start..end].Sort(weights[start..end]);
        double reached = 0;
        for (int i = start; i < end; i++)
        {
            reached += weights[i];
            if (reached >= target)
            {
                return order[i];
            }
        }

        return order[end - 1];
    }

    /// <summary>Brings the keys up to the pivot to the front. The pivot is the median of three different keys, so both sides get some.</summary>
    private static (int Split, double Sum) Partition(Span<ulong> order, Span<float> weights, int start, int end, ulong pivot)
    {
        int split = start;
        double sum = 0;
        for (int i = start; i < end; i++)
        {
            if (order[i] <= pivot)
            {
                sum += weights[i];
                (order[i], order[split]) = (order[split], order[i]);
                (weights[i], weights[split]) = (weights[split], weights[i]);
                split++;
            }
        }

        return (split, sum);
    }

    private static ulong Median(ulong a, ulong b, ulong c) => Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
}
