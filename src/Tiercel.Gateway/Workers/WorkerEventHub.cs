using System.Runtime.InteropServices;
using Tiercel.Engine.KvCache;

namespace Tiercel.Gateway.Workers;

/// <summary>
/// What this worker tells its gateways: lines numbered without gaps, the last ones kept in a ring. A reader is only a number, so that one who stalls costs
/// nothing; who has fallen behind the ring gets all that is held, and goes on from there. All members may be called from any thread.
/// </summary>
internal sealed class WorkerEventHub
{
    private const int MaxLines = 8192;
    private const int MaxBytes = 8 << 20;

    private readonly Lock _lock = new();

    /// <summary>The line of number n lies at n modulo the size.</summary>
    private readonly byte[][] _ring = new byte[MaxLines][];
    private readonly HashSet<ulong> _held = [];
    private TaskCompletionSource _news = NewSignal();

    /// <summary>Number of the oldest line that is kept, and of the newest one there was. Number 1 is the empty cache of the start.</summary>
    private long _first = 2;
    private long _last = 1;
    private long _bytes;

    public WorkerEventHub(string generation)
    {
        Generation = generation;
    }

    public string Generation { get; }

    /// <summary>Blocks that the cache holds, as far as is known.</summary>
    public int HeldBlocks
    {
        get
        {
            lock (_lock)
            {
                return _held.Count;
            }
        }
    }

    /// <summary>Bytes of the lines that are kept.</summary>
    public long KeptBytes
    {
        get
        {
            lock (_lock)
            {
                return _bytes;
            }
        }
    }

    public void Apply(CacheChange change)
    {
        lock (_lock)
        {
            if (change.IsSnapshot)
            {
                // What came between was lost. A number without a line sends every reader to the snapshot.
                _held.Clear();
                _held.UnionWith(change.Stored.Select(stored => stored.Block));
                Array.Clear(_ring);
                _bytes = 0;
                _first = ++_last + 1;
                Signal();
                return;
            }

            foreach (ulong[] some in change.Removed.Chunk(WorkerLines.BlocksPerLine))
            {
                _held.ExceptWith(some);
                Add(WorkerLines.Removed(Generation, _last + 1, some));
            }

            AddStored(change.Stored);
        }
    }

    /// <summary>The prompt of one of a gateway's requests consists of these blocks.</summary>
    public void NotePrompt(long request, int tokens, ReadOnlySpan<ulong> blocks)
    {
        lock (_lock)
        {
            Add(WorkerLines.Prompt(Generation, _last + 1, request, tokens, blocks));
        }
    }

    public void NoteStatus(WorkerStatus status)
    {
        lock (_lock)
        {
            Add(WorkerLines.Status(Generation, _last + 1, status));
        }
    }

    /// <summary>Gives a reader the lines after a number, at most about the size asked for.</summary>
    /// <param name="after">Number of the last line that the reader has; moved on. Negative for a reader that has none.</param>
    /// <param name="news">Ends when there is more.</param>
    public List<byte[]> Read(ref long after, int maxBytes, out Task news)
    {
        List<byte[]> lines = [];
        lock (_lock)
        {
            news = _news.Task;
            if (after < _first - 1 || after > _last)
            {
                AddSnapshot(lines);
                after = _last;
                return lines;
            }

            int bytes = 0;
            while (after < _last)
            {
                byte[] line = _ring[(after + 1) % MaxLines];
                if (bytes > 0 && bytes + line.Length > maxBytes)
                {
                    break;
                }

                lines.Add(line);
                bytes += line.Length;
                after++;
            }

            return lines;
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void AddStored(IReadOnlyList<(ulong Parent, ulong Block)> stored)
    {
        List<ulong> run = [];
        ulong parent = 0;
        foreach ((ulong under, ulong block) in stored)
        {
            _held.Add(block);
            if (run.Count > 0 && (under != run[^1] || run.Count == WorkerLines.BlocksPerLine))
            {
                Flush();
            }

            if (run.Count == 0)
            {
                parent = under;
            }

            run.Add(block);
        }

        Flush();

        void Flush()
        {
            if (run.Count > 0)
            {
                Add(WorkerLines.Stored(Generation, _last + 1, parent, CollectionsMarshal.AsSpan(run)));
                run.Clear();
            }
        }
    }

    private void AddSnapshot(List<byte[]> lines)
    {
        if (_held.Count == 0)
        {
            lines.Add(WorkerLines.Snapshot(Generation, _last, [], last: true));
            return;
        }

        int left = _held.Count;
        foreach (ulong[] some in _held.Chunk(WorkerLines.BlocksPerLine))
        {
            left -= some.Length;
            lines.Add(WorkerLines.Snapshot(Generation, _last, some, last: left == 0));
        }
    }

    private void Add(byte[] line)
    {
        while (_first <= _last && (_last - _first + 1 == MaxLines || _bytes + line.Length > MaxBytes))
        {
            long oldest = _first++ % MaxLines;
            _bytes -= _ring[oldest].Length;
            _ring[oldest] = null!;
        }

        _last++;
        _ring[_last % MaxLines] = line;
        _bytes += line.Length;
        Signal();
    }

    private void Signal()
    {
        TaskCompletionSource old = _news;
        _news = NewSignal();
        old.TrySetResult();
    }
}
