namespace Tiercel.Engine.Scheduling;

public sealed partial class Scheduler
{
    // Blocks kept back for the growth of each running sequence. It doubles when one had to be preempted and shrinks slowly while none
    // is, so that a sequence is not let in only to be thrown out again.
    private const double LeastHeadroom = 1;
    private const double MostHeadroom = 16;
    private const double HeadroomDecay = 0.99;

    private double _headroom = LeastHeadroom;

    /// <summary>Prompts that are prefilled side by side; more would only cut chunks smaller.</summary>
    private int MaxPrefilling => Math.Max(4, Options.TokenBudget / SmallestShare);

    /// <summary>
    /// Lets waiting sequences run, strictly in order, while the blocks of their whole prompts are to be had beside what the running ones
    /// have yet to take. Nobody is let in by a plan that threw somebody out.
    /// </summary>
    private void AdmitWaiting()
    {
        if (_preempted.Count > 0)
        {
            return;
        }

        (int promised, int prefilling) = CountPromised();
        while (_waiting.Count > 0 && _running.Count < Options.MaxRunning)
        {
            Sequence sequence = _waiting[0];
            if (sequence.Arrival.SingleStep)
            {
                if (!TryPlanSingleStep(sequence))
                {
                    return;
                }

                continue;
            }

            (int cached, int unheld) = _tables.Peek(sequence);
            int needed = BlocksFor(sequence) - cached;
            int headroom = (int)Math.Ceiling(_headroom * (_running.Count + 1));
            bool fits = needed + headroom + promised <= _cache.Available - unheld;
            if (prefilling >= MaxPrefilling || (!fits && _running.Count > 0))
            {
                return;
            }

            Start(sequence);
            promised += needed;
            prefilling++;
        }
    }

    private void Start(Sequence sequence)
    {
        _waiting.RemoveAt(0);
        Insert(_running, sequence, SequenceState.Running);
        if (sequence is { Preemptions: 0, Arrival.WantsAllOutputs: false })
        {
            PrefixQueries += sequence.PromptLength;
        }
    }

    private bool TryPlanSingleStep(Sequence sequence)
    {
        int length = sequence.Tokens.Count;
        if (length > _rowsLeft || CountOutputs(sequence, 0, length) > _outputsLeft)
        {
            return false;
        }

        _waiting.RemoveAt(0);
        Insert(_running, sequence, SequenceState.Running);
        AddChunk(sequence, 0, length);
        return true;
    }

    /// <summary>Blocks that the prompts being computed have yet to take, and the number of these prompts.</summary>
    private (int Blocks, int Prompts) CountPromised()
    {
        (int blocks, int prompts) = (0, 0);
        foreach (Sequence sequence in _running)
        {
            if (sequence.RemainingRows > 0 && !sequence.Arrival.SingleStep)
            {
                prompts += sequence.IsDecoding ? 0 : 1;
                blocks += BlocksFor(sequence) - sequence.Blocks.Count;
            }
        }

        return (blocks, prompts);
    }

    /// <summary>Blocks of all tokens so far and of the next one.</summary>
    private int BlocksFor(Sequence sequence)
    {
        int tokens = Math.Min(sequence.Tokens.Count + 1, Options.ContextLength);
        return (tokens + _cache.BlockSize - 1) / _cache.BlockSize;
    }

    private void EaseHeadroom() =>
        _headroom = _preempted.Count > 0 ? Math.Min(_headroom * 2, MostHeadroom) : Math.Max(_headroom * HeadroomDecay, LeastHeadroom);
}
