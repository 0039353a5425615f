using Microsoft.Data.Sqlite;

namespace Tiercel.Gateway.Metering.Ledger;

/// <summary>The prepared statement that adds a row, and the order of its values.</summary>
internal sealed class UsageInsert : IDisposable
{
    private static readonly string[] Columns =
    [
        "run", "request", "is_sum", "requests", "day", "admitted_us", "id", "tenant", "key", "model", "pool", "upstream", "class", "outcome",
        "prompt_tokens", "cached_tokens", "completion_tokens", "cost_nanos", "engine_us", "ttft_us", "duration_us", "estimated",
    ];

    private readonly SqliteCommand _command;

    public UsageInsert(SqliteConnection connection)
    {
        _command = connection.CreateCommand();
        _command.CommandText =
            $"INSERT OR IGNORE INTO usage ({string.Join(", ", Columns)}) VALUES ({string.Join(", ", Columns.Select(column => "$" + column))})";
        foreach (string column in Columns)
        {
            _command.Parameters.Add(new SqliteParameter("$" + column, null));
        }
    }

    public void Begin(SqliteTransaction transaction) => _command.Transaction = transaction;

    public void Add(UsageRecord record, long run)
    {
        DateTimeOffset admitted = record.Admitted.ToUniversalTime();
        Execute(
        [
            record.Run == 0 ? run : record.Run, record.Request, 0L, 1L, (long)DayOf(admitted), MicrosecondsOf(admitted), record.Id, record.Tenant, record.Key,
            record.Model, record.Pool, record.Upstream, record.Class, record.Outcome, record.PromptTokens, record.CachedTokens, record.CompletionTokens,
            record.Cost.Nanos, MicrosecondsOf(record.Engine), record.TimeToFirstToken is TimeSpan ttft ? MicrosecondsOf(ttft) : null,
            MicrosecondsOf(record.Duration), record.Estimated ? 1L : 0L,
        ]);
    }

    public void Add(UsageSum sum, long run)
    {
        DateTimeOffset day = new(sum.Day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
        Execute(
        [
            run, -sum.Number, 1L, sum.Requests, (long)sum.Day.DayNumber, MicrosecondsOf(day), "", sum.Tenant, sum.Key, sum.Model, "", "", "", "",
            sum.PromptTokens, sum.CachedTokens, sum.CompletionTokens, sum.Cost.Nanos, MicrosecondsOf(sum.Engine), null, MicrosecondsOf(sum.Duration), 0L,
        ]);
    }

    public void Dispose() => _command.Dispose();

    private static int DayOf(DateTimeOffset time) => DateOnly.FromDateTime(time.UtcDateTime).DayNumber;

    private static long MicrosecondsOf(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private static long MicrosecondsOf(TimeSpan time) => time.Ticks / TimeSpan.TicksPerMicrosecond;

    private void Execute(ReadOnlySpan<object?> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            _command.Parameters[i].Value = values[i] ?? DBNull.Value;
        }

        _command.ExecuteNonQuery();
    }
}
