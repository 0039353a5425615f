using System.Runtime.InteropServices;

namespace Tiercel.Engine.Scheduling;

public sealed partial class Scheduler
{
    // Fewer rows of one prompt would cost more in re-reading its keys than a turn later costs in waiting.
    private const int SmallestShare = 32;

    private static readonly Comparison<Sequence> LeastRemainingFirst = static (left, right) =>
    {
        int order = left.RemainingRows.CompareTo(right.RemainingRows);
        return order != 0 ? order : Sequence.CompareUrgency(left, right);
    };

    private readonly List<Sequence> _prefilling = [];
    private readonly List<Sequence> _chosen = [];
    private readonly List<Sequence> _following = [];

    private int _plannedDecodes;

    /// <summary>Rows of prompts in the steps that streams lately shared with them.</summary>
    private double _recentPrefillRows;

    /// <summary>
    /// Shares the rest of the step among prompts: the ones that need least first, so that a short one is not stuck behind a long one, and
    /// the first in the order always, so that a long one is not starved by short ones.
    /// </summary>
    private void PlanPrefills(int decodes)
    {
        CollectPrefills();
        if (_prefilling.Count == 0)
        {
            return;
        }

        int rows = decodes == 0 ? _rowsLeft : Math.Min(_rowsLeft, RowsWithinTarget());
        ChoosePrefills(rows);
        for (int i = 0; i < _chosen.Count; i++)
        {
            rows -= PlanPrefill(_chosen[i], rows / (_chosen.Count - i));
        }

        // Where a prompt has been planned to its end, others that begin with it go on from there in the same step.
        for (int i = 0; i < _following.Count && rows > 0; i++)
        {
            Sequence sequence = _following[i];
            if (sequence.State == SequenceState.Running)
            {
                TakeCached(sequence, _tables.Match(sequence));
                if (!FollowsChosen(sequence))
                {
                    rows -= PlanPrefill(sequence, rows);
                    _chosen.Add(sequence);
                }
            }
        }
    }

    /// <summary>Remembers how many rows prompts had in a step beside streams; forgotten as fast as the costs are.</summary>
    private void RememberPrefillRows(int rows)
    {
        if (_plannedDecodes > 0)
        {
            _recentPrefillRows = Math.Max(rows - _plannedDecodes, _recentPrefillRows * StepCostModel.Forgetting);
        }
    }

    private void CollectPrefills()
    {
        _prefilling.Clear();
        foreach (Sequence sequence in _running)
        {
            // Unplanned decodes (there were too many) have one row left too.
            if (sequence.PlannedStep != _step && sequence.RemainingRows > 0 && !sequence.IsDecoding)
            {
                TakeCached(sequence, _tables.Match(sequence));
                _prefilling.Add(sequence);
            }
        }
    }

    /// <summary>
    /// Rows that can join the decodes so that the step is expected to take no longer than the target; no more than twice as many as lately, because costs that were learnt from a few rows say little of
    /// many.
    /// </summary>
    private int RowsWithinTarget()
    {
        if (!_cost.HasLearnt)
        {
            return Options.MinPrefillRows;
        }

        double pairs = 0;
        foreach (PlannedChunk chunk in _chunks)
        {
            pairs += PairsOf(chunk.Start, chunk.Count);
        }

        double context = 0;
        foreach (Sequence sequence in _prefilling)
        {
            context += (double)sequence.ComputedTokens / _prefilling.Count;
        }

        double seconds = Options.StepTarget.TotalSeconds - _cost.Predict(_chunks.Count, pairs);
        double most = Math.Min(Options.TokenBudget, 2.0 * Math.Max(_recentPrefillRows, Options.MinPrefillRows));
        double rows = _cost.RowsFor(seconds, context, _prefilling.Count, most);
        return (int)Math.Max(rows, Options.MinPrefillRows);
    }

    /// <summary>
    /// Picks the prompts that get rows, in the order of what they need. One whose next block is the next block of a chosen one is left
    /// out: it will find in the cache what the other computes.
    /// </summary>
    private void ChoosePrefills(int rows)
    {
        _chosen.Clear();
        _following.Clear();
        Sequence first = _prefilling[0];
        _prefilling.Sort(LeastRemainingFirst);
        int places = Math.Max(rows / SmallestShare, Math.Min(rows, 2));
        bool firstServed = false;
        foreach (Sequence sequence in _prefilling)
        {
            bool reserved = !firstServed && sequence != first;
            if (FollowsChosen(sequence))
            {
                _following.Add(sequence);
                firstServed |= sequence == first;
            }
            else if (_chosen.Count < places - (reserved ? 1 : 0))
            {
                _chosen.Add(sequence);
                firstServed |= sequence == first;
            }
        }
    }

    private bool FollowsChosen(Sequence sequence)
    {
        foreach (Sequence other in _chosen)
        {
            if (other.Tail == sequence.Tail && other.RemainingRows > 0 && SharesNextBlock(sequence, other))
            {
                return true;
            }
        }

        return false;
    }

    private bool SharesNextBlock(Sequence sequence, Sequence other)
    {
        int start = sequence.PublishedBlocks * _cache.BlockSize;
        int end = start + _cache.BlockSize;
        return end <= sequence.CacheableTokens
            && end <= other.Tokens.Count
            && CollectionsMarshal.AsSpan(sequence.Tokens)[start..end].SequenceEqual(CollectionsMarshal.AsSpan(other.Tokens)[start..end]);
    }

    /// <returns>Rows planned, at most <paramref name="share"/>.</returns>
    private int PlanPrefill(Sequence sequence, int share)
    {
        if (sequence.State != SequenceState.Running || share <= 0 || _outputsLeft <= 0)
        {
            return 0;
        }

        TakeCached(sequence, _tables.MatchPartial(sequence));
        int start = sequence.ComputedTokens;
        int end = LimitByOutputs(sequence, start, start + Math.Min(share, sequence.RemainingRows));
        int reached = _tables.Grow(sequence, end);
        while (reached == start)
        {
            Sequence victim = LastUnplanned();
            if (victim == sequence)
            {
                return 0;
            }

            Preempt(victim);
            reached = _tables.Grow(sequence, end);
        }

        AddChunk(sequence, start, reached);
        return reached - start;
    }

    /// <summary>
    /// Ends a chunk early where the step has no more outputs. At least one row remains, since there is at least one output.
    /// </summary>
    private int LimitByOutputs(Sequence sequence, int start, int end)
    {
        int excess = CountOutputs(sequence, start, end) - _outputsLeft;
        return excess > 0 ? end - excess : end;
    }

    private void TakeCached(Sequence sequence, int tokens)
    {
        if (tokens == 0)
        {
            return;
        }

        sequence.MatchedStep = _step;
        if (sequence.Preemptions == 0)
        {
            sequence.CachedTokens += tokens;
            PrefixHits += tokens;
        }
    }
}
