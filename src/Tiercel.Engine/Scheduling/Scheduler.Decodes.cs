namespace Tiercel.Engine.Scheduling;

public sealed partial class Scheduler
{
    private static readonly Comparer<Sequence> UrgencyOrder = Comparer<Sequence>.Create(Sequence.CompareUrgency);

    private static readonly Comparison<Sequence> LongestUnplannedFirst = static (left, right) =>
    {
        int order = left.PlannedStep.CompareTo(right.PlannedStep);
        return order != 0 ? order : Sequence.CompareUrgency(left, right);
    };

    private readonly List<Sequence> _decoding = [];
    private int _rowsLeft;
    private int _outputsLeft;

    /// <summary>
    /// One row for every sequence that decodes. When a block is needed and none can be had, the last sequence in the order that has no rows in this plan gives up
    /// all of its blocks, be it the one that asks.
    /// </summary>
    private void PlanDecodes()
    {
        _decoding.Clear();
        bool prefills = false;
        foreach (Sequence sequence in _running)
        {
            if (sequence.IsDecoding)
            {
                _decoding.Add(sequence);
            }
            else
            {
                prefills |= sequence.RemainingRows > 0;
            }
        }

        LimitDecodes(prefills);
        foreach (Sequence sequence in _decoding)
        {
            // An earlier one may have taken its blocks.
            if (sequence.State == SequenceState.Running)
            {
                PlanDecode(sequence);
            }
        }
    }

    /// <summary>
    /// More streams than a step has outputs take turns, the one that has waited longest first. A part of the step is left to prompts where there are any, or
    /// saturated streams would keep them from ever being finished.
    /// </summary>
    private void LimitDecodes(bool prefills)
    {
        int rows = prefills ? Math.Max(1, Options.TokenBudget / 8) : 0;
        int outputs = prefills ? Math.Max(1, Options.MaxOutputs / 8) : 0;
        if (_waiting.Count > 0 && _waiting[0].Arrival is { SingleStep: true } single)
        {
            rows = Math.Max(rows, single.Prompt.Count);
            outputs = Math.Max(outputs, single.WantsAllOutputs ? single.Prompt.Count : 1);
        }

        int limit = Math.Min(Options.TokenBudget - rows, Options.MaxOutputs - outputs);
        if (_decoding.Count > limit)
        {
            _decoding.Sort(LongestUnplannedFirst);
            _decoding.RemoveRange(limit, _decoding.Count - limit);
            _decoding.Sort(UrgencyOrder);
        }
    }

    private void PlanDecode(Sequence sequence)
    {
        int end = sequence.Tokens.Count;
        while (_tables.Grow(sequence, end) < end)
        {
            Sequence victim = LastUnplanned();
            Preempt(victim);
            if (victim == sequence)
            {
                return;
            }
        }

        AddChunk(sequence, end - 1, end);
    }

    private void AddChunk(Sequence sequence, int start, int end)
    {
        bool last = end == sequence.Tokens.Count;
        int firstOutput = end - CountOutputs(sequence, start, end);
        _chunks.Add(new PlannedChunk(sequence, start, end - start, last) { FirstOutput = firstOutput });
        _rowsLeft -= end - start;
        _outputsLeft -= end - firstOutput;
        sequence.PlannedStep = _step;
        if (sequence.Arrival.SingleStep)
        {
            sequence.ComputedTokens = end;
        }
        else
        {
            _tables.Publish(sequence, end);
        }
    }

    /// <summary>Rows at the end of a chunk whose results are wanted.</summary>
    private static int CountOutputs(Sequence sequence, int start, int end)
    {
        int count = end == sequence.Tokens.Count ? 1 : 0;
        return sequence.Arrival.WantsAllOutputs ? Math.Max(count, end - Math.Max(start, sequence.OutputRows)) : count;
    }

    /// <summary>The sequence that suffers first; there is one whenever a sequence without rows asks.</summary>
    private Sequence LastUnplanned()
    {
        for (int i = _running.Count - 1; i >= 0; i--)
        {
            if (_running[i].PlannedStep != _step && !_running[i].Arrival.SingleStep)
            {
                return _running[i];
            }
        }

        throw new InvalidOperationException("every running sequence has rows in this step");
    }

    private void Preempt(Sequence sequence)
    {
        Requeue(sequence);
        sequence.Preemptions++;
        Preemptions++;
        _preempted.Add(sequence);
    }
}
