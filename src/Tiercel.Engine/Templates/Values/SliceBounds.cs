namespace Tiercel.Engine.Templates.Values;

/// <summary>The three numbers of <c>[start:stop:step]</c> as a template wrote them; null where it wrote none.</summary>
internal readonly record struct SliceBounds(int? Start, int? Stop, int? Step)
{
    /// <summary>Applies Python's rules: negative numbers count from the end, and what lies outside is cut.</summary>
    public SliceIndices Resolve(int length)
    {
        int step = Step ?? 1;
        if (step == 0)
        {
            throw new ChatTemplateException("a slice has a step of zero");
        }

        // Going backwards, the place "before the first" is -1 and takes the role of zero.
        int lowest = step > 0 ? 0 : -1;
        int highest = step > 0 ? length : length - 1;
        int start = Start is int first ? Math.Clamp(first < 0 ? first + length : first, lowest, highest) : step > 0 ? lowest : highest;
        int stop = Stop is int last ? Math.Clamp(last < 0 ? last + length : last, lowest, highest) : step > 0 ? highest : lowest;
        long distance = step > 0 ? (long)stop - start : (long)start - stop;
        long size = Math.Abs((long)step);
        int count = distance <= 0 ? 0 : (int)((distance + size - 1) / size);
        return new SliceIndices(count == 0 ? 0 : start, count, count <= 1 ? Math.Sign(step) : step);
    }
}
