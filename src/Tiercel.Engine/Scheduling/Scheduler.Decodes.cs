namespace Tiercel.Engine.Scheduling;

public sealed partial class Scheduler
{
    private static readonly Comparer<Sequence> UrgencyOrder = Comparer<Sequence>.Create(Sequence.CompareUrgency);

    private readonly List<Sequence> _decoding = [];
    private int _rowsLeft;
    private int _outputsLeft;

    // The last one served when streams had to take turns.
    private Sequence? _lastTurn;

    /// <summary>
    /// One row for every sequence that decodes. When a block is needed and none can be had, the last sequence in the order that has no
    /// rows in this plan gives up all of its blocks, be it the one that asks.
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
    /// More streams than a step has outputs take turns, round and round in their order. A part of the step is left to prompts where there
    /// are any, or saturated streams would keep them from ever being finished.
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
            TakeTurns(limit);
        }
    }

    private void TakeTurns(int count)
    {
        int first = 0;
        while (_lastTurn is not null && first < _decoding.Count && Sequence.CompareUrgency(_decoding[first], _lastTurn) <= 0)
        {
            first++;
        }

        first %= _decoding.Count;
        int wrapped = Math.Max(0, first + count - _decoding.Count);
        if (count > 0)
        {
            _lastTurn = wrapped > 0 ? _decoding[wrapped - 1] : _decoding[first + count - 1];
        }

        // What is left stays in order: the beginning that the round has come back to, and the part from where it went on.
        int end = Math.Min(first + count, _decoding.Count);
        _decoding.RemoveRange(end, _decoding.Count - end);
        _decoding.RemoveRange(wrapped, first - wrapped);
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
