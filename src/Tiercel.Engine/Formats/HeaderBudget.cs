namespace Tiercel.Engine.Formats;

/// <summary>Memory that the headers of one model have taken so far, over all files of a split one.</summary>
internal sealed class HeaderBudget
{
    private long _used;

    /// <summary>Takes bytes if there is room for them.</summary>
    public bool TryTake(long bytes)
    {
        if (bytes > GgufLimits.HeaderMemory - _used)
        {
            return false;
        }

        _used += bytes;
        return true;
    }
}
