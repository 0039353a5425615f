using Microsoft.Data.Sqlite;

namespace Tiercel.Cli.Tests.Fleet;

/// <summary>Reads a gateway's ledger as another program would.</summary>
internal static class UsageRows
{
    /// <summary>The numbers of the first column.</summary>
    public static List<long> Numbers(string path, string sql) => Read(path, sql, reader => reader.IsDBNull(0) ? 0 : reader.GetInt64(0));

    /// <summary>The texts of the first column.</summary>
    public static List<string> Texts(string path, string sql) => Read(path, sql, reader => reader.GetString(0));

    /// <summary>Waits until a query gives a number; the file may not be there yet, or be replaced meanwhile.</summary>
    public static async Task UntilAsync(string path, string sql, long wanted)
    {
        using CancellationTokenSource watchdog = new(TimeSpan.FromMinutes(2));
        long last = -1;
        while (last != wanted)
        {
            try
            {
                last = Numbers(path, sql).Single();
            }
            catch (SqliteException)
            {
                last = -1;
            }

            Assert.False(watchdog.IsCancellationRequested, $"'{sql}' gives {last} and not {wanted}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
        }
    }

    private static List<T> Read<T>(string path, string sql, Func<SqliteDataReader, T> read)
    {
        using SqliteConnection connection = new($"Data Source={path};Mode=ReadOnly;Pooling=False;Default Timeout=30");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        using SqliteDataReader reader = command.ExecuteReader();
        List<T> values = [];
        while (reader.Read())
        {
            values.Add(read(reader));
        }

        return values;
    }
}
