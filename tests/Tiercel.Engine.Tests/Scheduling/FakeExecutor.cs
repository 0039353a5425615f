using Tiercel.Engine.Scheduling;

namespace Tiercel.Engine.Tests.Scheduling;

/// <summary>
/// Stands in for the model: remembers for every slot of every block which history (salt and all tokens up to its position) was written
/// there, and checks that each row of a plan attends to exactly its own history. Histories are numbered exactly, not hashed.
/// </summary>
internal sealed class FakeExecutor(int blockCount, int blockSize)
{
    private const int Garbage = -1;

    private readonly int[] _slots = [.. Enumerable.Repeat(Garbage, blockCount * blockSize)];
    private readonly Dictionary<(int Before, int Token), int> _histories = [];
    private readonly Dictionary<string, int> _salts = [];
    private readonly Dictionary<Sequence, List<int>> _historyOf = [];
    private readonly int[] _writers = new int[blockCount];
    private int _step;
    private int _lastHistory;

    public long RowsComputed { get; private set; }

    /// <summary>Runs a plan and checks what it reads.</summary>
    public void Run(StepPlan plan)
    {
        _step++;
        Copy(plan);
        foreach (PlannedChunk chunk in plan.Chunks)
        {
            Write(chunk);
            RowsComputed += chunk.Count;
        }

        foreach (PlannedChunk chunk in plan.Chunks)
        {
            Check(chunk);
        }
    }

    /// <summary>A step that dies half way: what it should have written holds nonsense.</summary>
    public void RunHalf(StepPlan plan)
    {
        Copy(plan);
        foreach (PlannedChunk chunk in plan.Chunks)
        {
            for (int position = chunk.Start; position < chunk.End && chunk.Sequence.Blocks.Count > 0; position++)
            {
                _slots[SlotOf(chunk.Sequence, position)] = Garbage;
            }
        }
    }

    public void Forget(Sequence sequence) => _historyOf.Remove(sequence);

    private void Copy(StepPlan plan)
    {
        foreach (BlockCopy copy in plan.Copies)
        {
            Assert.NotEqual(copy.Source, copy.Destination);
            Array.Copy(_slots, copy.Source * blockSize, _slots, copy.Destination * blockSize, blockSize);
        }
    }

    private void Write(PlannedChunk chunk)
    {
        Sequence sequence = chunk.Sequence;
        if (sequence.Arrival.SingleStep)
        {
            return;
        }

        List<int> history = HistoryOf(sequence, chunk.End);
        for (int position = chunk.Start; position < chunk.End; position++)
        {
            int block = sequence.Blocks[position / blockSize];
            if (position == chunk.Start || position % blockSize == 0)
            {
                if (_writers[block] == _step)
                {
                    throw new CacheFault($"block {block} is written by two sequences in one step");
                }

                _writers[block] = _step;
            }

            _slots[SlotOf(sequence, position)] = history[position];
        }
    }

    private void Check(PlannedChunk chunk)
    {
        Sequence sequence = chunk.Sequence;
        if (sequence.Arrival.SingleStep)
        {
            return;
        }

        List<int> history = HistoryOf(sequence, chunk.End);
        for (int position = 0; position < chunk.End; position++)
        {
            if (_slots[SlotOf(sequence, position)] != history[position])
            {
                throw new CacheFault($"sequence {sequence.Id} attends at position {position} to a history that is not its own");
            }
        }
    }

    private int SlotOf(Sequence sequence, int position) => sequence.Blocks[position / blockSize] * blockSize + position % blockSize;

    private List<int> HistoryOf(Sequence sequence, int end)
    {
        if (!_historyOf.TryGetValue(sequence, out List<int>? history))
        {
            _historyOf[sequence] = history = [];
        }

        int before = history.Count > 0 ? history[^1] : SaltOf(sequence.Arrival.CacheSalt);
        while (history.Count < end)
        {
            (int, int) key = (before, sequence.Tokens[history.Count]);
            if (!_histories.TryGetValue(key, out before))
            {
                before = ++_lastHistory;
                _histories.Add(key, before);
            }

            history.Add(before);
        }

        return history;
    }

    private int SaltOf(string salt)
    {
        if (!_salts.TryGetValue(salt, out int history))
        {
            _salts[salt] = history = ++_lastHistory;
        }

        return history;
    }
}

/// <summary>A row would have read or written keys and values that are not its own.</summary>
internal sealed class CacheFault(string message) : Exception(message);
