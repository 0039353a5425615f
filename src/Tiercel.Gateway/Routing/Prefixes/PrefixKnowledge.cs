namespace Tiercel.Gateway.Routing;

/// <summary>
/// What is known of the replicas' caches: for Tiercel workers exactly what their events tell, for all others what was sent to them and can be expected
/// to be there still. What a worker is about to compute counts too, before its events tell it.
/// </summary>
internal sealed class PrefixKnowledge(PoolRouterOptions options)
{
    private readonly PromptTree _tree = new(options.MemoryOfForeignCaches, options.MaxRememberedBlocks);

    public int AddSlot(int capacity) => _tree.AddSlot(capacity);

    public void RemoveSlot(int slot) => _tree.RemoveSlot(slot);

    public void SetCapacity(int slot, long blocks) => _tree.SetCapacity(slot, blocks);

    public long Held(int slot) => _tree.Held(slot);

    public void Sent(PromptFingerprint prompt, int slot, PrefillMark mark, TimeSpan now) => _tree.Hold(prompt, slot, mark, now);

    /// <summary>A worker told which token blocks a prompt consists of.</summary>
    public void Link(PromptFingerprint prompt, WorkerEvent.Prompt told)
        => _tree.Link(prompt, new TokenChain(told.Blocks, told.Tokens, prompt.Bytes));

    /// <summary>Fills <paramref name="bySlot"/> with what each replica holds of a prompt; <paramref name="exact"/> has the workers' own sets, or null.</summary>
    public void Match(PromptFingerprint prompt, ReadOnlySpan<WorkerBlocks?> exact, TimeSpan now, Span<PrefixMatch> bySlot)
    {
        _tree.Match(prompt, now, bySlot);
        ReadOnlySpan<ulong> chain = default;
        bool looked = false;
        for (int slot = 0; slot < exact.Length; slot++)
        {
            if (exact[slot] is not { Cursor.Generation: not null } worker)
            {
                continue;
            }

            if (!looked)
            {
                chain = _tree.TokenBlocks(prompt);
                looked = true;
            }

            // What was computed before is known from the events alone; what is pending can only add to it.
            long held = chain.IsEmpty ? 0 : (long)(_tree.ChainBytes * (double)worker.HeldOf(chain) / chain.Length);
            PrefixMatch guess = bySlot[slot];
            bySlot[slot] = new PrefixMatch(held, guess.PendingBytes > 0 ? Math.Max(0, guess.ComputedBytes + guess.PendingBytes - held) : 0);
        }
    }
}
