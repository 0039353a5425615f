using Microsoft.Data.Sqlite;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Metering;
using Tiercel.Gateway.Metering.Ledger;
using Tiercel.Testing;

namespace Tiercel.Gateway.Tests.Metering.Ledger;

/// <summary>A ledger file of its own, and what is in it as seen from outside.</summary>
internal sealed class LedgerFixture : IDisposable
{
    public const long Run = 4711;

    /// <summary>Nothing here takes long; a machine that is very busy is allowed for.</summary>
    public static readonly TimeSpan Watchdog = TimeSpan.FromSeconds(120);

    public static readonly DateTimeOffset Noon = new(2026, 3, 3, 12, 0, 0, TimeSpan.Zero);

    private readonly TemporaryFolder _folder = new();

    public string Folder => _folder.Path;

    public string Path => _folder.File("ledger", "usage.db");

    public LedgerSettings Settings => new() { Path = Path, FlushInterval = TimeSpan.FromMilliseconds(20) };

    public static UsageRecord Record(long request, string tenant = "acme", decimal cost = 0.001m, DateTimeOffset? admitted = null, string outcome = "ok") => new()
    {
        Request = request,
        Id = $"req_{request}",
        Admitted = admitted ?? Noon,
        Tenant = tenant,
        Key = "ci",
        Model = request % 2 == 0 ? "even" : "odd",
        Pool = "chat",
        Upstream = "w1",
        Outcome = outcome,
        PromptTokens = request % 100,
        CachedTokens = request % 10,
        CompletionTokens = 1,
        Cost = Money.Of(cost),
        Engine = TimeSpan.FromMilliseconds(20),
        TimeToFirstToken = TimeSpan.FromMilliseconds(5),
        Duration = TimeSpan.FromMilliseconds(25),
    };

    /// <param name="time">By which today and this month are told; null for the system's.</param>
    public UsageLedger Start(LedgerSettings? settings = null, long run = Run, Action<IReadOnlyList<TenantSpending>>? restored = null, TimeProvider? time = null) =>
        UsageLedger.Start(settings ?? Settings, run, time ?? TimeProvider.System, restored ?? (_ => { }));

    /// <summary>Waits for a condition that a thread of the ledger brings about.</summary>
    public static Task UntilAsync(Func<bool> condition, string what) => UntilAsync(() => Task.FromResult(condition()), what);

    /// <inheritdoc cref="UntilAsync(Func{bool}, string)" />
    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Watchdog, $"waited in vain: {what}");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>The first column of every row that a statement gives.</summary>
    public List<long> Query(string sql)
    {
        using SqliteConnection connection = Connect();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        using SqliteDataReader reader = command.ExecuteReader();
        List<long> values = [];
        while (reader.Read())
        {
            values.Add(reader.GetInt64(0));
        }

        return values;
    }

    public SqliteConnection Connect()
    {
        SqliteConnection connection = new($"Data Source={Path};Pooling=False;Default Timeout=30");
        connection.Open();
        return connection;
    }

    /// <summary>Every request from 1 to a number is there, and once.</summary>
    public void AssertHoldsExactly(long count)
    {
        Assert.Equal(count, Query("SELECT COUNT(*) FROM usage").Single());
        Assert.Equal(count, Query("SELECT COUNT(DISTINCT request) FROM usage WHERE request BETWEEN 1 AND " + count).Single());
    }

    public void Dispose() => _folder.Dispose();
}
