namespace Tiercel.Gateway.Routing;

/// <summary>A run of fingerprint blocks that no known prompt branches within.</summary>
internal sealed class PromptNode(PromptNode? parent, int depth, ulong[] hashes)
{
    public PromptNode? Parent { get; set; } = parent;

    /// <summary>Blocks before this run.</summary>
    public int Depth { get; set; } = depth;

    public ulong[] Hashes { get; set; } = hashes;

    /// <summary>Runs that follow this one.</summary>
    public int Children { get; set; }

    /// <summary>Replicas that hold the run or a beginning of it; a list through <see cref="HeldRun.NextHolder"/>.</summary>
    public HeldRun? Holders { get; set; }

    /// <summary>Token blocks of a prompt that ran through here, if a worker told them.</summary>
    public TokenChain? Chain { get; set; }

    public bool IsUnused => Holders is null && Chain is null && Children == 0;

    /// <summary>How many blocks of the run a chain has from <paramref name="beginnings"/> on. Equal at one block means equal at all before, so halving finds it.</summary>
    public int CommonWith(ReadOnlySpan<ulong> beginnings)
    {
        int low = 1, high = Math.Min(Hashes.Length, beginnings.Length);
        if (Hashes[high - 1] == beginnings[high - 1])
        {
            return high;
        }

        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (Hashes[middle] == beginnings[middle])
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
