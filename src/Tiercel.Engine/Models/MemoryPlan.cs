using System.Globalization;

namespace Tiercel.Engine.Models;

/// <summary>
/// How the memory of a machine is divided between weights and key/value cache. A pure decision: the same numbers give the same plan, and the
/// plan says in words how it came about.
/// </summary>
/// <param name="ContextLength">Tokens one request may use.</param>
/// <param name="BlockCount">Blocks of the cache.</param>
/// <param name="KvBytes">Bytes of the cache.</param>
/// <param name="Explanation">One line for a person.</param>
public sealed record MemoryPlan(int ContextLength, int BlockCount, long KvBytes, string Explanation)
{
    /// <summary>Tokens below which a context is of no use; a machine that cannot hold this is refused.</summary>
    private const int SmallestContext = 512;

    /// <summary>Without other wishes the cache is made for this many tokens, or four whole contexts where that is more.</summary>
    private const int UsefulTokens = 65_536;

    /// <summary>Makes the plan.</summary>
    /// <param name="trainedContext">Tokens the model was trained for.</param>
    /// <param name="requestedContext">What the user asked for, or null.</param>
    /// <param name="requestedKvBytes">What the user allowed for the cache, or null.</param>
    /// <param name="blockSize">Tokens in a block.</param>
    /// <param name="bytesPerBlock">Bytes of a block over all layers.</param>
    /// <param name="freeBytes">Memory that is free once the weights are loaded.</param>
    /// <returns>The plan, or the arithmetic of why there is none.</returns>
    public static (MemoryPlan? Plan, string? Refusal) Make(
        int trainedContext, int? requestedContext, long? requestedKvBytes, int blockSize, long bytesPerBlock, long freeBytes)
    {
        // Half of what is free goes to the cache: activations, logits, the program and the page cache of the file live in the rest.
        long allowedBytes = requestedKvBytes ?? Math.Max(0, freeBytes / 2);
        if (requestedKvBytes > freeBytes)
        {
            return (null, $"a key/value cache of {Size(requestedKvBytes.Value)} does not fit into {Size(freeBytes)} of free memory");
        }

        long allowedBlocks = allowedBytes / bytesPerBlock;
        int wantedContext = requestedContext ?? trainedContext;
        long wantedBlocks = BlocksFor(wantedContext, blockSize);
        if (wantedBlocks > allowedBlocks)
        {
            string arithmetic = $"{wantedContext:N0} tokens of context need {Size(wantedBlocks * bytesPerBlock)} of key/value cache "
                + $"({Size(bytesPerBlock)} for each {blockSize} tokens), and {Size(allowedBytes)} "
                + (requestedKvBytes is null ? $"(half of {Size(freeBytes)} free memory) are there" : "were allowed");
            int fitting = (int)Math.Min(int.MaxValue, allowedBlocks * blockSize);
            if (requestedContext is not null || fitting < Math.Min(SmallestContext, trainedContext))
            {
                return (null, arithmetic);
            }

            return (new MemoryPlan(fitting, (int)allowedBlocks, allowedBlocks * bytesPerBlock, $"context cut to {fitting:N0} tokens: {arithmetic}"), null);
        }

        long usefulBlocks = BlocksFor(Math.Max(UsefulTokens, 4L * wantedContext), blockSize);
        long blocks = requestedKvBytes is null ? Math.Min(allowedBlocks, usefulBlocks) : allowedBlocks;
        blocks = Math.Min(blocks, int.MaxValue / blockSize);
        string source = requestedContext is null ? "as trained" : "as asked for";
        string share = requestedKvBytes is null ? $"of {Size(freeBytes)} free" : "as allowed";
        return (new MemoryPlan(
            wantedContext,
            (int)blocks,
            blocks * bytesPerBlock,
            $"context {wantedContext:N0} tokens ({source}), key/value cache {Size(blocks * bytesPerBlock)} {share}, room for {blocks * blockSize:N0} tokens"), null);
    }

    /// <summary>Bytes as a person reads them ("1.5 GiB").</summary>
    public static string Size(long bytes)
    {
        ReadOnlySpan<string> units = ["B", "KiB", "MiB", "GiB", "TiB"];
        double value = bytes;
        int unit = 0;
        while (Math.Abs(value) >= 1024 && unit < units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {units[unit]}");
    }

    private static long BlocksFor(long tokens, int blockSize) => (tokens + blockSize - 1) / blockSize;
}
