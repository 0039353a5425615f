using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Builtins;

/// <summary>A stable merge sort that pays for each comparison and lets errors of comparisons through as they are.</summary>
internal static class Sorting
{
    public static List<T> Sort<T>(Execution run, List<T> items, Func<T, Value> key, bool isReversed)
    {
        run.Step(2L * items.Count);
        (T Item, Value Key)[] source = [.. items.Select(item => (item, key(item)))];
        (T Item, Value Key)[] target = new (T, Value)[source.Length];
        for (int width = 1; width < source.Length; width *= 2)
        {
            for (int left = 0; left < source.Length; left += 2 * width)
            {
                int middle = Math.Min(left + width, source.Length);
                Merge(run, source, target, left, middle, Math.Min(middle + width, source.Length), isReversed);
            }

            (source, target) = (target, source);
        }

        return [.. source.Select(pair => pair.Item)];
    }

    private static void Merge<T>(
        Execution run, (T Item, Value Key)[] source, (T Item, Value Key)[] target, int left, int middle, int end, bool isReversed)
    {
        int a = left;
        int b = middle;
        for (int i = left; i < end; i++)
        {
            // Reversed keeps equal elements in their order too, as Python does.
            bool takeRight = a == middle
                || (b < end && (isReversed
                    ? Comparison.Order(run, "<", source[a].Key, source[b].Key) < 0
                    : Comparison.Order(run, "<", source[b].Key, source[a].Key) < 0));
            target[i] = takeRight ? source[b++] : source[a++];
        }
    }
}
