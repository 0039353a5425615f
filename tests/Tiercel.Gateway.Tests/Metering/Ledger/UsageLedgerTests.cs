using Microsoft.Data.Sqlite;
using Tiercel.Gateway.Metering;
using Tiercel.Gateway.Metering.Ledger;

namespace Tiercel.Gateway.Tests.Metering.Ledger;

public sealed class UsageLedgerTests : IDisposable
{
    private readonly LedgerFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task What_is_added_is_on_disk_after_a_flush_and_the_state_says_so()
    {
        await using UsageLedger ledger = _fixture.Start();
        for (int i = 1; i <= 12_000; i++)
        {
            ledger.Add(LedgerFixture.Record(i));
        }

        await ledger.FlushAsync().WaitAsync(LedgerFixture.Watchdog);
        _fixture.AssertHoldsExactly(12_000);
        Assert.Equal(new LedgerState(LedgerHealth.Durable, null, 0, 0, 12_000, Restored: true), ledger.State);
    }

    [Fact]
    public async Task Without_a_flush_records_reach_the_disk_by_themselves_also_the_last_ones()
    {
        await using UsageLedger ledger = _fixture.Start();
        for (int round = 1; round <= 20; round++)
        {
            ledger.Add(LedgerFixture.Record(round));
            long expected = round;
            await LedgerFixture.UntilAsync(() => ledger.State.Written == expected, $"record {round} on disk");
        }

        _fixture.AssertHoldsExactly(20);
    }

    [Fact]
    public async Task Every_field_is_kept()
    {
        UsageRecord record = LedgerFixture.Record(7, cost: 12.000000345m) with { Class = "batch", Outcome = "cancelled", Estimated = true, TimeToFirstToken = null };
        await using (UsageLedger ledger = _fixture.Start())
        {
            ledger.Add(record);
        }

        Assert.Equal(
            [1], _fixture.Query(
                $"""
                SELECT COUNT(*) FROM usage WHERE run = {LedgerFixture.Run} AND request = 7 AND is_sum = 0 AND requests = 1 AND day = {DateOnly.FromDateTime(LedgerFixture.Noon.DateTime).DayNumber}
                AND admitted_us = {LedgerFixture.Noon.ToUnixTimeMilliseconds() * 1000} AND id = 'req_7' AND tenant = 'acme' AND key = 'ci' AND model = 'odd' AND pool = 'chat' AND upstream = 'w1'
                AND class = 'batch' AND outcome = 'cancelled' AND prompt_tokens = 7 AND cached_tokens = 7 AND completion_tokens = 1 AND cost_nanos = 12000000345
                AND engine_us = 20000 AND ttft_us IS NULL AND duration_us = 25000 AND estimated = 1
                """));
    }

    [Fact]
    public async Task A_record_that_comes_again_is_counted_once()
    {
        for (int start = 0; start < 3; start++)
        {
            await using UsageLedger ledger = _fixture.Start(run: 100 + start);
            for (int i = 1; i <= 50; i++)
            {
                ledger.Add(LedgerFixture.Record(i) with { Run = LedgerFixture.Run });
                ledger.Add(LedgerFixture.Record(i) with { Run = LedgerFixture.Run });
            }
        }

        _fixture.AssertHoldsExactly(50);
    }

    [Fact]
    public async Task Many_threads_lose_nothing()
    {
        await using UsageLedger ledger = _fixture.Start();
        long next = 0;
        Thread[] threads = [.. Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (int i = 0; i < 2500; i++)
            {
                ledger.Add(LedgerFixture.Record(Interlocked.Increment(ref next)));
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        await ledger.FlushAsync().WaitAsync(LedgerFixture.Watchdog);
        _fixture.AssertHoldsExactly(10_000);
    }

    [Fact]
    public async Task Two_gateways_share_a_file()
    {
        await using UsageLedger first = _fixture.Start(run: 1);
        await using UsageLedger second = _fixture.Start(run: 2);
        for (int i = 1; i <= 1000; i++)
        {
            first.Add(LedgerFixture.Record(i));
            second.Add(LedgerFixture.Record(i));
        }

        await Task.WhenAll(first.FlushAsync(), second.FlushAsync()).WaitAsync(LedgerFixture.Watchdog);
        Assert.Equal([1000, 1000], _fixture.Query("SELECT COUNT(*) FROM usage GROUP BY run"));
    }

    [Fact]
    public async Task At_start_it_tells_what_was_spent_before_today_and_this_month()
    {
        Fakes.ManualTime time = new();
        DateTimeOffset now = time.GetUtcNow();
        DateTimeOffset thisMonth = new(now.Year, now.Month, 1, 0, 0, 0, TimeSpan.Zero);
        decimal today = 0.5m;
        await using (UsageLedger before = _fixture.Start(run: 1))
        {
            before.Add(LedgerFixture.Record(1, "a", today, now));
            before.Add(LedgerFixture.Record(2, "a", 0.25m, now, outcome: "cancelled"));
            before.Add(LedgerFixture.Record(3, "a", 4, thisMonth.AddTicks(-1)));
            before.Add(LedgerFixture.Record(4, "b", 100_000_000, now));
            before.Add(LedgerFixture.Record(5, "b", 7, thisMonth.AddDays(-40)));
        }

        List<TenantSpending> spending = [];
        await using (UsageLedger after = _fixture.Start(run: 2, restored: spending.AddRange, time: time))
        {
            Assert.Equal(
                [new TenantSpending("a", Money.Of(0.75m), Money.Of(0.75m)), new TenantSpending("b", Money.Of(100_000_000), Money.Of(100_000_000))],
                spending.OrderBy(entry => entry.Tenant));
        }
    }

    [Fact]
    public async Task A_late_start_of_the_file_tells_what_others_spent_and_not_what_this_run_did()
    {
        Fakes.ManualTime time = new();
        await using (UsageLedger before = _fixture.Start(run: 1))
        {
            before.Add(LedgerFixture.Record(1, "a", 3, time.GetUtcNow()));
        }

        List<TenantSpending> spending = [];
        await using UsageLedger ledger = Locked(() => _fixture.Start(run: 2, restored: spending.AddRange, time: time), out SqliteConnection holder);
        ledger.Add(LedgerFixture.Record(1, "a", 5, time.GetUtcNow()));
        Assert.False(ledger.State.Restored);
        holder.Dispose();
        await ledger.FlushAsync().WaitAsync(LedgerFixture.Watchdog);
        Assert.True(ledger.State.Restored);
        Assert.Equal([new TenantSpending("a", Money.Of(3), Money.Of(3))], spending);
    }

    [Fact]
    public async Task The_ledger_is_append_only()
    {
        await using (UsageLedger ledger = _fixture.Start())
        {
            ledger.Add(LedgerFixture.Record(1));
        }

        foreach (string sql in (string[])["UPDATE usage SET cost_nanos = 0", "DELETE FROM usage"])
        {
            SqliteException error = Assert.Throws<SqliteException>(() => _fixture.Query(sql));
            Assert.Contains("append-only", error.Message, StringComparison.Ordinal);
        }

        _fixture.AssertHoldsExactly(1);
    }

    [Fact]
    public async Task Without_a_file_it_counts_in_memory()
    {
        await using UsageLedger ledger = _fixture.Start(_fixture.Settings with { Path = null });
        ledger.Add(LedgerFixture.Record(1));
        await ledger.FlushAsync();
        Assert.Equal(LedgerHealth.MemoryOnly, ledger.State.Health);
        Assert.Equal(1, ledger.State.Summed);
    }

    [Fact]
    public async Task After_its_end_adding_is_harmless()
    {
        UsageLedger ledger = _fixture.Start();
        await ledger.DisposeAsync();
        await ledger.DisposeAsync();
        ledger.Add(LedgerFixture.Record(1));
        Assert.Equal(1, ledger.State.Buffered);
    }

    [Theory]
    [InlineData("CREATE TABLE mine (a)", "not a ledger of Tiercel")]
    [InlineData("PRAGMA application_id = 1415803500; PRAGMA user_version = 99", "newer version")]
    public async Task A_file_of_somebody_else_is_left_alone(string sql, string reason)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_fixture.Path)!);
        _fixture.Query(sql);
        await using UsageLedger ledger = _fixture.Start();
        ledger.Add(LedgerFixture.Record(1));
        Assert.Equal(LedgerHealth.Unavailable, ledger.State.Health);
        Assert.Contains(reason, ledger.State.Reason, StringComparison.Ordinal);
        Assert.Equal([0], _fixture.Query("SELECT COUNT(*) FROM sqlite_schema WHERE name = 'usage'"));
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_left_alone_and_when_it_is_gone_all_is_written()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_fixture.Path)!);
        string text = string.Concat(Enumerable.Repeat("this is no database. ", 500));
        await File.WriteAllTextAsync(_fixture.Path, text, TestContext.Current.CancellationToken);
        await using UsageLedger ledger = _fixture.Start();
        ledger.Add(LedgerFixture.Record(1));
        await LedgerFixture.UntilAsync(() => ledger.State.Reason?.Contains("no ledger", StringComparison.Ordinal) == true, "the file to be refused");
        Assert.Equal(text, await File.ReadAllTextAsync(_fixture.Path, TestContext.Current.CancellationToken));
        File.Delete(_fixture.Path);
        await ledger.FlushAsync().WaitAsync(LedgerFixture.Watchdog);
        _fixture.AssertHoldsExactly(1);
    }

    /// <summary>Starts a ledger while somebody else holds its file.</summary>
    private UsageLedger Locked(Func<UsageLedger> start, out SqliteConnection holder)
    {
        holder = _fixture.Connect();
        using SqliteCommand command = holder.CreateCommand();
        command.CommandText = "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; SELECT COUNT(*) FROM usage";
        command.ExecuteNonQuery();
        return start();
    }
}
