using System.Buffers;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Tiercel.Engine.KvCache;
using Tiercel.Gateway.Routing;
using Tiercel.Gateway.Workers;

namespace Tiercel.Gateway.Tests.Workers;

/// <summary>Readers that stop, come again and fall behind all end with what the cache holds.</summary>
public sealed class WorkerEventHubTests
{
    private const int BlockTokens = 32;

    [Fact]
    public void Every_reader_converges_whatever_it_missed() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(60),
            Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
            {
                Random random = new(seed);
                WorkerEventHub hub = new("g");
                HashSet<ulong> truth = [];
                Reader[] readers = [new(), new(), new()];
                for (int step = 0; step < 60; step++)
                {
                    hub.Apply(Change(random, truth));
                    Reader reader = readers[random.Next(readers.Length)];
                    if (random.Next(3) == 0)
                    {
                        reader.ReadAll(hub, random.Next(1, 4) * 400);
                    }
                }

                foreach (Reader reader in readers)
                {
                    reader.ReadAll(hub, 4096);
                    Assert.Equal(truth.Order(), reader.Held.Order());
                }
            }));

    [Fact]
    public void The_ring_is_bounded_and_who_fell_behind_gets_a_snapshot()
    {
        WorkerEventHub hub = new("g");
        Reader late = new();
        late.ReadAll(hub, 4096);
        ulong[] chain = [.. Enumerable.Range(1, 10_000).Select(i => (ulong)i)];
        for (int i = 0; i < 200; i++)
        {
            hub.NotePrompt(i, 320_000, chain);
        }

        hub.Apply(new CacheChange { Stored = [(0, 7), (7, 8)] });
        Assert.InRange(hub.KeptBytes, 1 << 20, 8 << 20);
        late.ReadAll(hub, 4096);
        Assert.Equal([7UL, 8UL], late.Held.Order());
        Assert.Equal(2, late.Snapshots);
    }

    [Fact]
    public void A_reader_that_has_everything_is_told_when_there_is_more()
    {
        WorkerEventHub hub = new("g");
        long after = -1;
        Assert.Single(hub.Read(ref after, 4096, out _));
        Assert.Empty(hub.Read(ref after, 4096, out Task news));
        Assert.False(news.IsCompleted);
        hub.NoteStatus(new WorkerStatus { Running = 3, Steps = 9, IsAlive = true });
        Assert.True(news.IsCompleted);
        (WorkerEvent told, WorkerStatus? status) = Parse(Assert.Single(hub.Read(ref after, 4096, out _)));
        Assert.Equal(2, told.Sequence);
        Assert.Equal((3, 9L, true), (status!.Running, status.Steps, status.IsAlive));
    }

    [Fact]
    public void Every_kind_of_line_is_read_as_it_was_written()
    {
        ulong[] blocks = [1, ulong.MaxValue, 0x0123456789abcdef];
        Assert.Equivalent(new WorkerEvent.Stored("g", 5, 9, blocks), Parse(WorkerLines.Stored("g", 5, 9, blocks)).News, strict: true);
        Assert.Equivalent(new WorkerEvent.Stored("g", 5, 0, blocks), Parse(WorkerLines.Stored("g", 5, 0, blocks)).News, strict: true);
        Assert.Equivalent(new WorkerEvent.Removed("g", 5, blocks), Parse(WorkerLines.Removed("g", 5, blocks)).News, strict: true);
        Assert.Equivalent(new WorkerEvent.Prompt("g", 5, long.MaxValue, 70, blocks), Parse(WorkerLines.Prompt("g", 5, long.MaxValue, 70, blocks)).News, strict: true);
        Assert.Equivalent(new WorkerEvent.Snapshot("g", 5, 0, blocks, true), Parse(WorkerLines.Snapshot("g", 5, blocks, true)).News, strict: true);
        WorkerStatus status = new()
        {
            Running = 1,
            Waiting = 2,
            FreeBlocks = 3,
            CachedBlocks = 4,
            TotalBlocks = 10,
            Steps = 6,
            PromptTokens = 7,
            GeneratedTokens = 8,
            IsAlive = true,
            IsDraining = true,
        };
        (WorkerEvent news, WorkerStatus? read) = Parse(WorkerLines.Status("g", 5, status));
        Assert.Equal(status, read);
        ReplicaStatus report = ((WorkerEvent.Status)news).Report;
        Assert.Equal((1, 2, 320L), (report.Running, report.Waiting, report.KvTokens));
        Assert.Equal(0.3, report.KvUse!.Value, 1e-9);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"generation":"g"}""")]
    [InlineData("""{"seq":1,"generation":"g","removed":[]}""")]
    [InlineData("""{"generation":"","seq":1,"removed":[]}""")]
    [InlineData("""{"generation":"g","seq":0,"removed":[]}""")]
    [InlineData("""{"generation":"g","seq":-1,"removed":[]}""")]
    [InlineData("""{"generation":"g","seq":1e99,"removed":[]}""")]
    [InlineData("""{"generation":"g","seq":1,"removed":["1"]}""")]
    [InlineData("""{"generation":"g","seq":1,"removed":["000000000000000g"]}""")]
    [InlineData("""{"generation":"g","seq":1,"removed":["0000000000000000"]}""")]
    [InlineData("""{"generation":"g","seq":1,"removed":[1]}""")]
    [InlineData("""{"generation":"g","seq":1,"removed":["00000000000000aa"}""")]
    [InlineData("""{"generation":"g","seq":1,"stolen":[]}""")]
    [InlineData("""{"generation":"g","seq":1,"stored":{"blocks":[]}}""")]
    [InlineData("""{"generation":"g","seq":1,"snapshot":{"blocks":[],"last":1}}""")]
    [InlineData("""{"generation":"g","seq":1,"status":{"running":-1}}""")]
    [InlineData("""{"generation":"g","seq":1,"status":{"running":99999999999}}""")]
    [InlineData("""{"generation":"g","seq":1,"status":{"alive":"yes"}}""")]
    [InlineData("""{"generation":"g","seq":1,"removed":[],"removed":[]}""")]
    [InlineData("""{"generation":"g","seq":1,"removed":[]} {}""")]
    [InlineData("<html>")]
    public void Anything_else_is_refused(string line) =>
        Assert.Throws<WorkerProtocolException>(() => WorkerLines.Read(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(line)), BlockTokens));

    [Fact]
    public void Cut_and_changed_lines_are_refused_or_are_lines()
    {
        byte[] line = WorkerLines.Prompt("generation", 12, 5, 70, [1, 2, 3]);
        Random random = new(3);
        for (int i = 0; i < 5000; i++)
        {
            byte[] changed = [.. line];
            changed[random.Next(changed.Length)] = (byte)random.Next(256);
            try
            {
                Parse(changed[..random.Next(changed.Length + 1)]);
            }
            catch (WorkerProtocolException)
            {
                // As it should be; any other exception fails the test.
            }
        }
    }

    private static (WorkerEvent News, WorkerStatus? Status) Parse(byte[] line) => WorkerLines.Read(new ReadOnlySequence<byte>(line), BlockTokens);

    private static CacheChange Change(Random random, HashSet<ulong> truth)
    {
        if (random.Next(12) == 0)
        {
            truth.RemoveWhere(_ => random.Next(2) == 0);
            return new CacheChange { IsSnapshot = true, Stored = [.. truth.Select(block => (0UL, block))] };
        }

        ulong[] removed = [.. truth.Where(_ => random.Next(6) == 0)];
        truth.ExceptWith(removed);
        List<(ulong, ulong)> stored = [];
        ulong parent = 0;
        for (int i = random.Next(8); i > 0; i--)
        {
            ulong block = (ulong)random.NextInt64(1, long.MaxValue);
            truth.Add(block);
            stored.Add((parent, block));
            parent = random.Next(3) == 0 ? 0 : block;
        }

        return new CacheChange { Removed = removed, Stored = stored };
    }

    /// <summary>A gateway's view, kept by the rules of the stream.</summary>
    private sealed class Reader
    {
        private readonly HashSet<ulong> _snapshot = [];
        private long _after = -1;
        private long _sequence;

        public HashSet<ulong> Held { get; } = [];

        public int Snapshots { get; private set; }

        public void ReadAll(WorkerEventHub hub, int maxBytes)
        {
            while (hub.Read(ref _after, maxBytes, out _) is { Count: > 0 } lines)
            {
                foreach (byte[] line in lines)
                {
                    Apply(Parse(line).News);
                }
            }
        }

        private void Apply(WorkerEvent news)
        {
            if (news is WorkerEvent.Snapshot part)
            {
                _snapshot.UnionWith(part.Blocks);
                if (part.Last)
                {
                    Held.Clear();
                    Held.UnionWith(_snapshot);
                    _snapshot.Clear();
                    _sequence = part.Sequence;
                    Snapshots++;
                }

                return;
            }

            Assert.Equal(_sequence + 1, news.Sequence);
            _sequence = news.Sequence;
            if (news is WorkerEvent.Stored stored)
            {
                Held.UnionWith(stored.Blocks);
            }
            else if (news is WorkerEvent.Removed removed)
            {
                Assert.All(removed.Blocks, block => Assert.True(Held.Remove(block)));
            }
        }
    }
}
