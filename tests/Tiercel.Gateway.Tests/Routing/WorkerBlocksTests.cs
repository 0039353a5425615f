using FsCheck;
using FsCheck.Fluent;
using Tiercel.Gateway.Routing;

namespace Tiercel.Gateway.Tests.Routing;

public sealed class WorkerBlocksTests
{
    [Fact]
    public void Any_loss_repetition_and_reordering_ends_with_the_workers_own_set()
        => Prop.ForAll(
            Gen.Choose(0, int.MaxValue - 1).ToArbitrary(),
            seed => Converges(new System.Random(seed))).Check(Config.QuickThrowOnFailure.WithMaxTest(400));

    [Fact]
    public void An_event_is_applied_once_and_in_its_turn_only()
    {
        WorkerBlocks blocks = new(100);
        Assert.Equal(EventOutcome.Applied, blocks.Apply(new WorkerEvent.Stored("g", 1, 0, [1, 2])));
        Assert.Equal(EventOutcome.Gap, blocks.Apply(new WorkerEvent.Removed("g", 3, [1])));
        Assert.Equal(EventOutcome.Applied, blocks.Apply(new WorkerEvent.Removed("g", 2, [2])));
        Assert.Equal(EventOutcome.Stale, blocks.Apply(new WorkerEvent.Stored("g", 1, 0, [1, 2])));
        Assert.Equal(1, blocks.Count);
        Assert.Equal(new EventCursor("g", 2), blocks.Cursor);
    }

    [Fact]
    public void More_blocks_than_a_worker_can_have_are_refused()
    {
        WorkerBlocks blocks = new(3);
        Assert.Equal(EventOutcome.Invalid, blocks.Apply(new WorkerEvent.Stored("g", 1, 0, [1, 2, 3, 4])));
        Assert.Equal(EventOutcome.Invalid, blocks.Apply(new WorkerEvent.Snapshot("g", 9, 0, [1, 2, 3, 4], true)));
        Assert.Equal(0, blocks.Count);
    }

    [Fact]
    public void A_snapshot_without_one_of_its_parts_changes_nothing()
    {
        WorkerBlocks blocks = new(100);
        blocks.Apply(new WorkerEvent.Stored("g", 1, 0, [7]));
        blocks.Apply(new WorkerEvent.Snapshot("g", 9, 2, [3], true));
        blocks.Apply(new WorkerEvent.Snapshot("g", 9, 0, [1], false));
        Assert.True(blocks.Holds(7));
        blocks.Apply(new WorkerEvent.Snapshot("g", 9, 1, [2], false));
        Assert.Equal((3, false, new EventCursor("g", 9)), (blocks.Count, blocks.Holds(7), blocks.Cursor));
    }

    [Fact]
    public void The_held_beginning_of_a_chain_is_found()
    {
        WorkerBlocks blocks = new(100);
        ulong[] chain = [.. Enumerable.Range(1, 50).Select(i => (ulong)i)];
        for (int held = 0; held <= 50; held++)
        {
            Assert.Equal(held, blocks.HeldOf(chain));
            if (held < 50)
            {
                blocks.Apply(new WorkerEvent.Stored("g", held + 1, 0, [chain[held]]));
            }
        }
    }

    /// <summary>A worker that restarts now and then, and a line to it that loses, repeats and reorders; who reads asks again as the outcome says.</summary>
    private static bool Converges(System.Random random)
    {
        WorkerBlocks view = new(10_000);
        ScriptedWorker worker = new(random);
        List<WorkerEvent> line = [];
        for (int step = 0; step < 200; step++)
        {
            line.AddRange(worker.Act());
            if (line.Count > 0 && random.Next(3) > 0)
            {
                int at = random.Next(4) == 0 ? random.Next(line.Count) : 0;
                WorkerEvent next = line[at];
                if (random.Next(5) > 0)
                {
                    line.RemoveAt(at);
                }

                if (random.Next(10) > 0 && view.Apply(next) is EventOutcome.Gap or EventOutcome.Invalid)
                {
                    line.AddRange(worker.After(view.Cursor));
                }
            }
        }

        // The line becomes quiet: what is still on its way arrives, then heartbeats show whether something is missing.
        foreach (WorkerEvent late in line)
        {
            view.Apply(late);
        }

        for (int beat = 0; beat < 4; beat++)
        {
            if (view.Apply(worker.Heartbeat()) is EventOutcome.Gap or EventOutcome.Invalid)
            {
                foreach (WorkerEvent missed in worker.After(view.Cursor))
                {
                    view.Apply(missed);
                }
            }
        }

        Assert.Equal(worker.Cursor, view.Cursor);
        Assert.Equal(worker.Held.Count, view.Count);
        return worker.Held.All(view.Holds);
    }

    private sealed class ScriptedWorker(System.Random random)
    {
        private const int Ring = 20;
        private readonly List<WorkerEvent> _ring = [];
        private int _generation = 1;
        private long _sequence;

        public HashSet<ulong> Held { get; } = [];

        public EventCursor Cursor => new($"g{_generation}", _sequence);

        public IEnumerable<WorkerEvent> Act()
        {
            string generation = $"g{_generation}";
            switch (random.Next(20))
            {
                case 0:
                    _generation++;
                    _sequence = 0;
                    _ring.Clear();
                    Held.Clear();
                    return [];
                case < 12:
                    ulong[] stored = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => (ulong)random.Next(1, 60))];
                    Held.UnionWith(stored);
                    return [Keep(new WorkerEvent.Stored(generation, ++_sequence, 0, stored))];
                default:
                    ulong[] removed = [.. Held.Where(_ => random.Next(4) == 0)];
                    Held.ExceptWith(removed);
                    return [Keep(new WorkerEvent.Removed(generation, ++_sequence, removed))];
            }
        }

        public WorkerEvent Heartbeat() => Keep(new WorkerEvent.Status($"g{_generation}", ++_sequence, new ReplicaStatus()));

        public IEnumerable<WorkerEvent> After(EventCursor cursor)
        {
            string generation = $"g{_generation}";
            if (cursor.Generation == generation && _ring.Count > 0 && cursor.Sequence >= _ring[0].Sequence - 1)
            {
                return [.. _ring.Where(each => each.Sequence > cursor.Sequence)];
            }

            ulong[][] parts = [.. Held.Chunk(7)];
            parts = parts.Length == 0 ? [[]] : parts;
            return [.. parts.Select((part, i) => new WorkerEvent.Snapshot(generation, _sequence, i, part, i == parts.Length - 1))];
        }

        private WorkerEvent Keep(WorkerEvent made)
        {
            _ring.Add(made);
            if (_ring.Count > Ring)
            {
                _ring.RemoveAt(0);
            }

            return made;
        }
    }
}
