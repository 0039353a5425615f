using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Tiercel.Gateway.Metering.Ledger;

/// <summary>Reads a ledger file without changing it, also while a gateway writes it.</summary>
public static class UsageReader
{
    private const int BusySeconds = 10;
    private const long NanosPerUnit = 1_000_000_000;

    /// <summary>Groups in order of their values.</summary>
    /// <exception cref="LedgerException">There is no ledger, or it cannot be read.</exception>
    public static IReadOnlyList<UsageRow> Read(string path, UsageQuery query)
    {
        if (!File.Exists(path))
        {
            throw new LedgerException($"there is no ledger at {path}");
        }

        try
        {
            using SqliteConnection connection = new(new SqliteConnectionStringBuilder
            {
                DataSource = path,
                Mode = SqliteOpenMode.ReadOnly,
                Pooling = false,
                DefaultTimeout = BusySeconds,
            }.ToString());
            connection.Open();
            return LedgerSchema.Check(connection) ? Read(connection, query) : [];
        }
        catch (LedgerException error)
        {
            throw new LedgerException($"{path}: {error.Message}", error);
        }
        catch (SqliteException error)
        {
            throw new LedgerException($"{path} cannot be read: {error.Message}", error);
        }
    }

    private static List<UsageRow> Read(SqliteConnection connection, UsageQuery query)
    {
        using SqliteCommand command = connection.CreateCommand();
        string columns = string.Concat(query.By.Select(dimension => ColumnOf(dimension) + ", "));
        string group = query.By.Count == 0 ? "" : $"GROUP BY {columns.TrimEnd(',', ' ')} ORDER BY {columns.TrimEnd(',', ' ')}";

        // Money is summed in whole units and rest, so that no sum exceeds 64 bits.
        command.CommandText = $"""
            SELECT {columns} SUM(requests), SUM(CASE WHEN is_sum THEN requests ELSE 0 END), SUM(NOT is_sum AND outcome <> 'ok'),
              SUM(prompt_tokens), SUM(cached_tokens), SUM(completion_tokens), SUM(cost_nanos / {NanosPerUnit}), SUM(cost_nanos % {NanosPerUnit}), TOTAL(engine_us)
            FROM usage WHERE day >= $since AND day <= $until {group}
            """;
        command.Parameters.AddWithValue("$since", (query.Since ?? DateOnly.MinValue).DayNumber);
        command.Parameters.AddWithValue("$until", (query.Until ?? DateOnly.MaxValue).DayNumber);
        using SqliteDataReader reader = command.ExecuteReader();
        List<UsageRow> rows = [];
        while (reader.Read())
        {
            // Without groups an empty ledger gives one row of nulls.
            int first = query.By.Count;
            if (!reader.IsDBNull(first))
            {
                rows.Add(RowOf(reader, query.By));
            }
        }

        return rows;
    }

    private static UsageRow RowOf(SqliteDataReader reader, IReadOnlyList<UsageDimension> by)
    {
        int at = by.Count;
        return new UsageRow(
            [.. by.Select((dimension, index) => dimension == UsageDimension.Day ? DayText(reader.GetInt64(index)) : reader.GetString(index))],
            reader.GetInt64(at),
            reader.GetInt64(at + 1),
            reader.GetInt64(at + 2),
            reader.GetInt64(at + 3),
            reader.GetInt64(at + 4),
            reader.GetInt64(at + 5),
            reader.GetInt64(at + 6) + (decimal)reader.GetInt64(at + 7) / NanosPerUnit,
            reader.GetDouble(at + 8) / 1e6);
    }

    private static string ColumnOf(UsageDimension dimension) => dimension switch
    {
        UsageDimension.Tenant => "tenant",
        UsageDimension.Key => "key",
        UsageDimension.Model => "model",
        UsageDimension.Day => "day",
        _ => throw new ArgumentOutOfRangeException(nameof(dimension)),
    };

    private static string DayText(long day) =>
        DateOnly.FromDayNumber((int)Math.Clamp(day, DateOnly.MinValue.DayNumber, DateOnly.MaxValue.DayNumber)).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
