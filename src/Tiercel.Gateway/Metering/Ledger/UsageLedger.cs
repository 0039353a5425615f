using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Tiercel.Gateway.Admission;
using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Metering.Ledger;

/// <summary>
/// Takes what requests used, and writes it to disk in batches on a thread of its own. <see cref="Add"/> touches no disk, waits for nothing and never
/// throws. While the file cannot be written, records wait in memory; when as many wait as may, further ones are summed by tenant, key, model and day.
/// Nothing is dropped, and nothing is counted twice: rows have the run and number of their request as key.
/// </summary>
internal sealed class UsageLedger : IAsyncDisposable
{
    private const int MaxBatch = 5000;
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan IdleCheck = TimeSpan.FromSeconds(1);

    private readonly LedgerSettings _settings;
    private readonly TimeProvider _time;
    private readonly long _run;
    private readonly Action<IReadOnlyList<TenantSpending>> _restored;
    private readonly Func<string, LedgerFile> _open;
    private readonly ConcurrentQueue<UsageRecord> _buffer = new();
    private readonly UsageSums _sums = new();
    private readonly List<UsageRecord> _batch = [];
    private readonly ConcurrentQueue<TaskCompletionSource> _flushes = new();
    private readonly AutoResetEvent _arrived = new(false);
    private readonly ManualResetEventSlim _hurry = new(false);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>
    /// Sums whose write is tried. A write that failed may have happened all the same, so that they are kept as they are, with their numbers, until it succeeds;
    /// what is summed meanwhile goes into rows of its own.
    /// </summary>
    private IReadOnlyList<UsageSum> _sumsInHand = [];
    private LedgerFile? _file;
    private LedgerFile? _orphan;
    private long _buffered;
    private long _written;
    private bool _isRestored;
    private volatile bool _stopping;
    private volatile string? _trouble;

    private UsageLedger(
        LedgerSettings settings, long run, TimeProvider time, Action<IReadOnlyList<TenantSpending>> restored, Func<string, LedgerFile> open)
    {
        _open = open;
        _settings = settings;
        _run = run;
        _time = time;
        _restored = restored;
    }

    public LedgerState State => new(
        _settings.Path is null ? LedgerHealth.MemoryOnly : _trouble is null ? LedgerHealth.Durable : LedgerHealth.Unavailable,
        _settings.Path is null ? "no file is configured" : _trouble,
        Interlocked.Read(ref _buffered),
        _sums.Requests,
        Interlocked.Read(ref _written),
        Volatile.Read(ref _isRestored));

    /// <summary>Opens the ledger; where that fails, it goes on in memory and keeps trying.</summary>
    /// <param name="run">Random number of this run of the gateway.</param>
    /// <param name="restored">
    /// Gets what tenants spent today and this month in other runs, once: before this returns if the file can be read now, else later on another thread.
    /// </param>
    /// <param name="open">For tests: how the file is opened.</param>
    public static UsageLedger Start(
        LedgerSettings settings, long run, TimeProvider time, Action<IReadOnlyList<TenantSpending>> restored, Func<string, LedgerFile>? open = null)
    {
        UsageLedger ledger = new(settings, run, time, restored, open ?? LedgerFile.Open);
        if (settings.Path is null)
        {
            ledger._ended.SetResult();
            return ledger;
        }

        ledger.Try(ledger.EnsureOpen);
        new Thread(ledger.Run) { IsBackground = true, Name = "tiercel ledger" }.Start();
        return ledger;
    }

    public void Add(UsageRecord record)
    {
        if (_settings.Path is null)
        {
            _sums.Add(record);
            return;
        }

        long waiting = Interlocked.Increment(ref _buffered);
        if (waiting > _settings.MaxBuffered)
        {
            Interlocked.Decrement(ref _buffered);
            _sums.Add(record);
            _arrived.Set();
            return;
        }

        _buffer.Enqueue(record);
        if (waiting == 1)
        {
            _arrived.Set();
        }
        else if (waiting == _settings.MaxBuffered / 2)
        {
            _hurry.Set();
        }
    }

    /// <summary>Ends when all that was added before is on disk. While the disk cannot be written, it does not end.</summary>
    public Task FlushAsync()
    {
        if (_settings.Path is null)
        {
            return Task.CompletedTask;
        }

        TaskCompletionSource flush = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _flushes.Enqueue(flush);
        _hurry.Set();
        _arrived.Set();
        return flush.Task;
    }

    /// <summary>Writes what waits, tried once more, and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        _stopping = true;
        _hurry.Set();
        _arrived.Set();
        await _ended.Task;
    }

    private void Run()
    {
        TimeSpan backoff = FirstBackoff;
        while (!_stopping)
        {
            // Without anything to write the file is still looked after, so that a deleted one is saved while it can be.
            if (Interlocked.Read(ref _buffered) == 0)
            {
                _arrived.WaitOne(IdleCheck);
            }

            if (!_stopping)
            {
                _hurry.Wait(_settings.FlushInterval);
            }

            _hurry.Reset();
            while (!Try(WriteAll) && !_stopping)
            {
                _hurry.Wait(backoff);
                _hurry.Reset();
                backoff = backoff * 2 < LongestBackoff ? backoff * 2 : LongestBackoff;
            }

            backoff = FirstBackoff;
        }

        Try(WriteAll);
        Try(CloseFile);
        while (_flushes.TryDequeue(out TaskCompletionSource? flush))
        {
            flush.TrySetCanceled();
        }

        _ended.SetResult();
    }

    /// <summary>Does a piece of work with the file; what goes wrong becomes the state.</summary>
    private bool Try(Action work)
    {
        try
        {
            work();
            _trouble = null;
            return true;
        }
        catch (Exception error)
        {
            // Whatever it was, requests go on, and the next try begins with a fresh connection.
            _trouble = Explain(error);
            Abandon();
            return false;
        }
    }

    private void EnsureOpen()
    {
        if (_file is not null && _file.HasMoved())
        {
            // The one place where what was written still exists; it is kept until all of it is in the new file.
            _orphan ??= _file;
            if (_orphan != _file)
            {
                _file.Dispose();
            }

            _file = null;
        }
        else if (_file is not null && _file.HasLostLog())
        {
            _file.Checkpoint();
            _file.Dispose();
            _file = null;
        }

        if (_file is null)
        {
            _orphan?.DeleteRemains();
            _file = _open(_settings.Path!);
        }

        if (_orphan is not null)
        {
            _orphan.CopyToNamed();
            _orphan.Dispose();
            _orphan = null;
        }

        if (!_isRestored)
        {
            _restored(_file.Spending(BudgetPeriod.Of(_time.GetUtcNow()), _run));
            Volatile.Write(ref _isRestored, true);
        }
    }

    private void WriteAll()
    {
        List<TaskCompletionSource> flushes = [];
        while (_flushes.TryDequeue(out TaskCompletionSource? flush))
        {
            flushes.Add(flush);
        }

        try
        {
            long upTo = Interlocked.Read(ref _buffered);
            do
            {
                EnsureOpen();
                upTo -= WriteBatch();
            }
            while ((upTo > 0 && !_buffer.IsEmpty) || !_sums.IsEmpty);

            // A file deleted after the last commit has taken it along; looking again copies it into the new one.
            EnsureOpen();
        }
        catch
        {
            flushes.ForEach(_flushes.Enqueue);
            throw;
        }

        // Whoever waited for this may ask for the state at once, which must not tell of a trouble that is over.
        _trouble = null;
        flushes.ForEach(flush => flush.TrySetResult());
    }

    /// <returns>How many records were written.</returns>
    private int WriteBatch()
    {
        while (_batch.Count < MaxBatch && _buffer.TryDequeue(out UsageRecord? record))
        {
            _batch.Add(record);
        }

        if (_sumsInHand.Count == 0)
        {
            _sumsInHand = _sums.Take();
        }

        if (_batch.Count > 0 || _sumsInHand.Count > 0)
        {
            _file!.Write(_batch, _sumsInHand, _run);
        }

        int count = _batch.Count;
        Interlocked.Add(ref _written, count + _sums.Written(_sumsInHand));
        Interlocked.Add(ref _buffered, -count);
        _sumsInHand = [];
        _batch.Clear();
        return count;
    }

    private void CloseFile()
    {
        _file?.Dispose();
        _file = null;
    }

    /// <summary>After an error the connection is not trusted, unless it holds the last of a deleted file.</summary>
    private void Abandon()
    {
        try
        {
            if (_file is not null && _orphan is null && _file.HasMoved())
            {
                _orphan = _file;
            }
            else
            {
                _file?.Dispose();
            }
        }
        catch (Exception error) when (error is SqliteException or IOException or ObjectDisposedException)
        {
            // It was broken already.
        }

        _file = null;
    }

    private static string Explain(Exception error) => error switch
    {
        SqliteException { SqliteErrorCode: 5 or 6 } => "the ledger is locked by another program",
        SqliteException { SqliteErrorCode: 8 } => "the ledger is read-only",
        SqliteException { SqliteErrorCode: 10 } => $"the disk of the ledger fails: {error.Message}",
        SqliteException { SqliteErrorCode: 11 or 26 } => $"the ledger's file is damaged or no ledger: {error.Message}",
        SqliteException { SqliteErrorCode: 13 } => "the disk of the ledger is full",
        SqliteException { SqliteErrorCode: 14 } => "the ledger's file cannot be opened",
        _ => $"the ledger cannot be written: {error.Message}",
    };
}
