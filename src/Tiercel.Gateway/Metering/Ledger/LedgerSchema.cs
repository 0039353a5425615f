using Microsoft.Data.Sqlite;

namespace Tiercel.Gateway.Metering.Ledger;

/// <summary>The tables of a ledger file. Its version is SQLite's <c>user_version</c>.</summary>
internal static class LedgerSchema
{
    public const int Version = 1;

    /// <summary>Marks the file as ours: "Tcrl".</summary>
    public const int ApplicationId = 0x5463726C;

    /// <summary>
    /// The key is the run of the gateway and the number of the request in it (negative for sums), so that a row can be written again without harm.
    /// Money is in billionths, times are in microseconds. Rows are added and never changed.
    /// </summary>
    private const string Create = """
        CREATE TABLE usage (
          run INTEGER NOT NULL,
          request INTEGER NOT NULL,
          is_sum INTEGER NOT NULL,
          requests INTEGER NOT NULL,
          day INTEGER NOT NULL,
          admitted_us INTEGER NOT NULL,
          id TEXT NOT NULL,
          tenant TEXT NOT NULL,
          key TEXT NOT NULL,
          model TEXT NOT NULL,
          pool TEXT NOT NULL,
          upstream TEXT NOT NULL,
          class TEXT NOT NULL,
          outcome TEXT NOT NULL,
          prompt_tokens INTEGER NOT NULL,
          cached_tokens INTEGER NOT NULL,
          completion_tokens INTEGER NOT NULL,
          cost_nanos INTEGER NOT NULL,
          engine_us INTEGER NOT NULL,
          ttft_us INTEGER,
          duration_us INTEGER NOT NULL,
          estimated INTEGER NOT NULL,
          PRIMARY KEY (run, request)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX usage_by_day ON usage (day);
        CREATE TRIGGER usage_is_not_changed BEFORE UPDATE ON usage BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
        CREATE TRIGGER usage_is_not_deleted BEFORE DELETE ON usage BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
        """;

    /// <summary>Creates the tables in an empty database; checks those that are there.</summary>
    /// <exception cref="LedgerException">The file is something else, or newer than this program.</exception>
    public static void Ensure(SqliteConnection connection)
    {
        if (Check(connection))
        {
            return;
        }

        // Two gateways may start on one file: whoever comes second finds the tables under the lock.
        using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
        if (!Check(connection, transaction))
        {
            Execute(connection, $"{Create} PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {Version};", transaction);
        }

        transaction.Commit();
    }

    /// <returns>Whether the tables are there; false for an empty database.</returns>
    public static bool Check(SqliteConnection connection, SqliteTransaction? transaction = null)
    {
        long application = Scalar(connection, "PRAGMA application_id", transaction);
        long version = Scalar(connection, "PRAGMA user_version", transaction);
        if (application == ApplicationId && version is > 0 and <= Version)
        {
            return true;
        }

        if (application == ApplicationId && version > Version)
        {
            throw new LedgerException($"it was written by a newer version of Tiercel (schema {version}, this one knows {Version})");
        }

        if (application != 0 || version != 0 || Scalar(connection, "SELECT COUNT(*) FROM sqlite_schema", transaction) > 0)
        {
            throw new LedgerException("it is a database, but not a ledger of Tiercel");
        }

        return false;
    }

    internal static void Execute(SqliteConnection connection, string sql, SqliteTransaction? transaction = null)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.Transaction = transaction;
        command.ExecuteNonQuery();
    }

    internal static string? Text(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar() as string;
    }

    private static long Scalar(SqliteConnection connection, string sql, SqliteTransaction? transaction)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.Transaction = transaction;
        return (long)command.ExecuteScalar()!;
    }
}
