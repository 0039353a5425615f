using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using Tiercel.Gateway.Admission;

namespace Tiercel.Gateway.Metering.Ledger;

/// <summary>An open ledger file, for one thread. Errors are <see cref="SqliteException"/>, <see cref="LedgerException"/> and those of the file system.</summary>
internal sealed class LedgerFile : IDisposable
{
    /// <summary>How long a lock of somebody else is waited for before the batch is kept for later.</summary>
    private const int BusySeconds = 1;

    private const int HasMovedControl = 20;
    private const string LogSuffix = "-wal";
    private const string IndexSuffix = "-shm";

    private readonly string _path;
    private readonly SqliteConnection _connection;
    private readonly UsageInsert _insert;
    private readonly bool _hasLog;

    private LedgerFile(string path, SqliteConnection connection, bool hasLog)
    {
        _path = path;
        _hasLog = hasLog;
        _connection = connection;
        _insert = new UsageInsert(connection);
    }

    /// <summary>Opens a file, or creates it with its folder.</summary>
    public static LedgerFile Open(string path)
    {
        path = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        SqliteConnection connection = new(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWriteCreate,
            Pooling = false,
            DefaultTimeout = BusySeconds,
        }.ToString());
        try
        {
            connection.Open();

            // FULL syncs the log at each commit: a commit survives the loss of power, at one sync a flush interval.
            // A file system without shared memory refuses the log, and the ledger works without.
            bool hasLog = LedgerSchema.Text(connection, "PRAGMA journal_mode = WAL") == "wal";
            LedgerSchema.Execute(connection, "PRAGMA synchronous = FULL");
            LedgerSchema.Ensure(connection);
            return new LedgerFile(path, connection, hasLog);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Writes all in one transaction. Rows that are there already are left as they are.</summary>
    public void Write(IReadOnlyList<UsageRecord> records, IReadOnlyList<UsageSum> sums, long run)
    {
        using SqliteTransaction transaction = _connection.BeginTransaction(deferred: false);
        foreach (UsageRecord record in records)
        {
            _insert.Add(record, run);
        }

        foreach (UsageSum sum in sums)
        {
            _insert.Add(sum, run);
        }

        transaction.Commit();
    }

    /// <summary>What tenants have spent in a day and month, in all runs but one.</summary>
    public IReadOnlyList<TenantSpending> Spending(BudgetPeriod period, long exceptRun)
    {
        using SqliteCommand command = _connection.CreateCommand();

        // Sums of whole units and of the rest apart: neither can exceed 64 bits.
        command.CommandText = """
            SELECT tenant,
              SUM(CASE WHEN day = $day THEN cost_nanos / 1000000000 ELSE 0 END), SUM(CASE WHEN day = $day THEN cost_nanos % 1000000000 ELSE 0 END),
              SUM(cost_nanos / 1000000000), SUM(cost_nanos % 1000000000)
            FROM usage WHERE day >= $from AND day < $until AND run <> $run GROUP BY tenant
            """;
        command.Parameters.AddWithValue("$day", period.Day);
        command.Parameters.AddWithValue("$from", BudgetPeriod.Of(period.MonthStart).Day);
        command.Parameters.AddWithValue("$until", BudgetPeriod.Of(period.MonthEnd).Day);
        command.Parameters.AddWithValue("$run", exceptRun);
        using SqliteDataReader reader = command.ExecuteReader();
        List<TenantSpending> spending = [];
        while (reader.Read())
        {
            spending.Add(new TenantSpending(
                reader.GetString(0), Money.OfParts(reader.GetInt64(1), reader.GetInt64(2)), Money.OfParts(reader.GetInt64(3), reader.GetInt64(4))));
        }

        return spending;
    }

    /// <summary>Whether the name leads to another file now, or to none: what is written here is then lost with this process.</summary>
    public bool HasMoved()
    {
        int moved = 0;
        return FileControl(_connection.Handle!, "main", HasMovedControl, ref moved) == 0 && moved != 0;
    }

    /// <summary>Whether somebody deleted the write-ahead log or its index: what is in it is then known to this process only.</summary>
    public bool HasLostLog() => _hasLog && !(File.Exists(_path + LogSuffix) && File.Exists(_path + IndexSuffix));

    /// <summary>
    /// Takes away what is left beside a file that was deleted alone. A new file of that name would share the index of the log with the deleted one, which
    /// this process still reads. Where there is a new file already, whoever made it has seen to this.
    /// </summary>
    public void DeleteRemains()
    {
        if (!File.Exists(_path) && Directory.Exists(Path.GetDirectoryName(_path)))
        {
            File.Delete(_path + LogSuffix);
            File.Delete(_path + IndexSuffix);
        }
    }

    /// <summary>Brings everything into the file itself.</summary>
    public void Checkpoint() => LedgerSchema.Execute(_connection, "PRAGMA wal_checkpoint(TRUNCATE)");

    /// <summary>Copies all rows into the file that has this one's name now. A file that was deleted can be read as long as it is open.</summary>
    public void CopyToNamed()
    {
        Detach();
        LedgerSchema.Execute(_connection, $"ATTACH DATABASE '{_path.Replace("'", "''", StringComparison.Ordinal)}' AS named");
        try
        {
            LedgerSchema.Execute(_connection, "INSERT OR IGNORE INTO named.usage SELECT * FROM main.usage");
        }
        finally
        {
            Detach();
        }
    }

    /// <summary>Makes the disk look full to this connection when the file has so many pages.</summary>
    internal void LimitPages(long pages) => LedgerSchema.Text(_connection, FormattableString.Invariant($"PRAGMA max_page_count = {pages}"));

    public void Dispose()
    {
        _insert.Dispose();
        _connection.Dispose();
    }

    private void Detach()
    {
        try
        {
            LedgerSchema.Execute(_connection, "DETACH DATABASE named");
        }
        catch (SqliteException)
        {
            // It was not attached, or cannot be let go of yet; the next try meets it again.
        }
    }

    [DllImport("e_sqlite3", EntryPoint = "sqlite3_file_control", CallingConvention = CallingConvention.Cdecl)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
    private static extern int FileControl(SafeHandle database, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, int operation, ref int result);
}
