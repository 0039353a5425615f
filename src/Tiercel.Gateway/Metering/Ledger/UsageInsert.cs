using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Tiercel.Gateway.Metering.Ledger;

/// <summary>
/// The prepared statement that adds a row, and the order of its values. It speaks to SQLite itself: the provider's commands look every value's name up for
/// every row, which costs more than the row.
/// </summary>
internal sealed class UsageInsert : IDisposable
{
    private static readonly string[] Columns =
    [
        "run", "request", "is_sum", "requests", "day", "admitted_us", "id", "tenant", "key", "model", "pool", "upstream", "class", "outcome",
        "prompt_tokens", "cached_tokens", "completion_tokens", "cost_nanos", "engine_us", "ttft_us", "duration_us", "estimated",
    ];

    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;
    private int _bound;

    public UsageInsert(SqliteConnection connection)
    {
        _database = connection.Handle ?? throw new InvalidOperationException("the connection is not open");
        string sql = $"INSERT OR IGNORE INTO usage ({string.Join(", ", Columns)}) VALUES ({string.Join(", ", Columns.Select(_ => "?"))})";
        Require(raw.sqlite3_prepare_v2(_database, sql, out _statement));
    }

    public void Add(UsageRecord record, long run)
    {
        DateTimeOffset admitted = record.Admitted.ToUniversalTime();
        Bind(record.Run == 0 ? run : record.Run);
        Bind(record.Request);
        Bind(0);
        Bind(1);
        Bind(DayOf(admitted));
        Bind(MicrosecondsOf(admitted));
        Bind(record.Id);
        Bind(record.Tenant);
        Bind(record.Key);
        Bind(record.Model);
        Bind(record.Pool);
        Bind(record.Upstream);
        Bind(record.Class);
        Bind(record.Outcome);
        Bind(record.PromptTokens);
        Bind(record.CachedTokens);
        Bind(record.CompletionTokens);
        Bind(record.Cost.Nanos);
        Bind(MicrosecondsOf(record.Engine));
        Bind(record.TimeToFirstToken is TimeSpan ttft ? MicrosecondsOf(ttft) : null);
        Bind(MicrosecondsOf(record.Duration));
        Bind(record.Estimated ? 1 : 0);
        Execute();
    }

    public void Add(UsageSum sum, long run)
    {
        Bind(run);
        Bind(-sum.Number);
        Bind(1);
        Bind(sum.Requests);
        Bind(sum.Day.DayNumber);
        Bind(MicrosecondsOf(new DateTimeOffset(sum.Day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero)));
        Bind("");
        Bind(sum.Tenant);
        Bind(sum.Key);
        Bind(sum.Model);
        Bind("");
        Bind("");
        Bind("");
        Bind("");
        Bind(sum.PromptTokens);
        Bind(sum.CachedTokens);
        Bind(sum.CompletionTokens);
        Bind(sum.Cost.Nanos);
        Bind(MicrosecondsOf(sum.Engine));
        Bind((long?)null);
        Bind(MicrosecondsOf(sum.Duration));
        Bind(0);
        Execute();
    }

    public void Dispose() => _statement.Dispose();

    private static int DayOf(DateTimeOffset time) => DateOnly.FromDateTime(time.UtcDateTime).DayNumber;

    private static long MicrosecondsOf(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private static long MicrosecondsOf(TimeSpan time) => time.Ticks / TimeSpan.TicksPerMicrosecond;

    private void Bind(long? value) =>
        Require(value is long number ? raw.sqlite3_bind_int64(_statement, ++_bound, number) : raw.sqlite3_bind_null(_statement, ++_bound));

    private void Bind(string value) => Require(raw.sqlite3_bind_text(_statement, ++_bound, value));

    private void Execute()
    {
        if (_bound != Columns.Length)
        {
            throw new InvalidOperationException($"{_bound} values for {Columns.Length} columns");
        }

        // The statement is ready again before its failure is told: what a reset returns is that failure once more.
        int result = raw.sqlite3_step(_statement);
        _ = raw.sqlite3_reset(_statement);
        _bound = 0;
        Require(result == raw.SQLITE_DONE ? raw.SQLITE_OK : result);
    }

    /// <exception cref="SqliteException">It is an error.</exception>
    private void Require(int result) => SqliteException.ThrowExceptionForRC(result, _database);
}
