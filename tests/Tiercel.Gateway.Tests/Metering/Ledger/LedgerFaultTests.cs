using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Tiercel.Gateway.Metering.Ledger;
using Tiercel.Gateway.Tests.Fakes;
using Tiercel.Gateway.Tests.Fleet;

namespace Tiercel.Gateway.Tests.Metering.Ledger;

/// <summary>The disk is full, gone, locked or read-only, under load: nothing is lost, nothing is counted twice, and the state says what is wrong.</summary>
public sealed class LedgerFaultTests : IDisposable
{
    private readonly LedgerFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task While_another_program_locks_the_file_usage_waits_and_overflows_into_sums()
    {
        await using UsageLedger ledger = _fixture.Start(_fixture.Settings with { MaxBuffered = 100 });
        ledger.Add(LedgerFixture.Record(1));
        await ledger.FlushAsync().WaitAsync(LedgerFixture.Watchdog);
        await using SqliteConnection holder = _fixture.Connect();
        Execute(holder, "BEGIN IMMEDIATE");
        for (int i = 2; i <= 1001; i++)
        {
            ledger.Add(LedgerFixture.Record(i));
        }

        await LedgerFixture.UntilAsync(() => ledger.State.Health == LedgerHealth.Unavailable, "the lock to be noticed");
        Assert.Equal("the ledger is locked by another program", ledger.State.Reason);
        Assert.Equal((100L, 900L), (ledger.State.Buffered, ledger.State.Summed));
        Execute(holder, "ROLLBACK");
        await ledger.FlushAsync().WaitAsync(LedgerFixture.Watchdog);
        Assert.Equal((LedgerHealth.Durable, 0L, 0L, 1001L), (ledger.State.Health, ledger.State.Buffered, ledger.State.Summed, ledger.State.Written));

        // Sums that a failed write has had in hand keep their rows, since it may have written them; those that came later have rows of their own. One lock
        // gives each of the two models two rows at most, and one at least.
        Assert.Equal(101, _fixture.Query("SELECT COUNT(*) FROM usage WHERE is_sum = 0").Single());
        Assert.InRange(_fixture.Query("SELECT COUNT(*) FROM usage WHERE is_sum = 1").Single(), 2, 4);
        Assert.Equal(900, _fixture.Query("SELECT SUM(requests) FROM usage WHERE is_sum = 1").Single());
        AssertTotals(1001);
    }

    /// <summary>Both orders in which sums and failing writes can meet, each brought about by a ledger that is let open its file, or not, at a chosen time.</summary>
    [Theory]
    [InlineData(500, 4)]
    [InlineData(0, 2)]
    public async Task Sums_that_a_failed_write_had_in_hand_keep_their_rows_and_later_ones_get_their_own(int early, int rows)
    {
        using LedgerFile holder = LedgerFile.Open(_fixture.Path);
        await using SqliteConnection other = _fixture.Connect();
        int opened = 0;
        bool isClosed = true;
        await using UsageLedger ledger = UsageLedger.Start(
            _fixture.Settings with { MaxBuffered = 100 },
            LedgerFixture.Run,
            TimeProvider.System,
            _ => { },
            path =>
            {
                if (Volatile.Read(ref isClosed))
                {
                    throw new IOException("closed by the test");
                }

                Interlocked.Increment(ref opened);
                return LedgerFile.Open(path);
            });
        Execute(other, "BEGIN IMMEDIATE");
        for (int i = 1; i <= 100 + early; i++)
        {
            ledger.Add(LedgerFixture.Record(i));
        }

        if (early > 0)
        {
            // The second time that it opens the file, a write with everything in hand has failed.
            Volatile.Write(ref isClosed, false);
            await LedgerFixture.UntilAsync(() => Volatile.Read(ref opened) >= 2, "a write to fail");
        }

        for (int i = 101 + early; i <= 1100; i++)
        {
            ledger.Add(LedgerFixture.Record(i));
        }

        Assert.Equal((100L, 1000L, 0L), (ledger.State.Buffered, ledger.State.Summed, ledger.State.Written));
        Volatile.Write(ref isClosed, false);
        Execute(other, "ROLLBACK");
        await ledger.FlushAsync().WaitAsync(LedgerFixture.Watchdog);
        Assert.Equal((0L, 0L, 1100L), (ledger.State.Buffered, ledger.State.Summed, ledger.State.Written));
        Assert.Equal([100, rows], _fixture.Query("SELECT COUNT(*) FROM usage GROUP BY is_sum ORDER BY is_sum"));
        AssertTotals(1100);
    }

    [Fact]
    public async Task When_a_page_limit_is_reached_writing_goes_on_once_it_is_lifted()
    {
        long pages = 20;
        await using UsageLedger ledger = UsageLedger.Start(
            _fixture.Settings with { MaxBuffered = 1000 },
            LedgerFixture.Run,
            TimeProvider.System,
            _ => { },
            path =>
            {
                LedgerFile file = LedgerFile.Open(path);
                file.LimitPages(Interlocked.Read(ref pages));
                return file;
            });
        for (int i = 1; i <= 3000; i++)
        {
            ledger.Add(LedgerFixture.Record(i));
        }

        await LedgerFixture.UntilAsync(() => ledger.State.Reason == "the disk of the ledger is full", "the full disk to be noticed");
        Interlocked.Exchange(ref pages, 1_000_000);
        await ledger.FlushAsync().WaitAsync(LedgerFixture.Watchdog);
        Assert.Equal((LedgerHealth.Durable, 0L, 0L, 3000L), (ledger.State.Health, ledger.State.Buffered, ledger.State.Summed, ledger.State.Written));
        AssertTotals(3000);
    }

    [Fact]
    public async Task On_a_disk_that_is_really_full_nothing_is_lost()
    {
        string mount = Path.GetDirectoryName(_fixture.Path)!;
        Directory.CreateDirectory(mount);
        if (!OperatingSystem.IsLinux() || !await MountAsync("-t", "tmpfs", "-o", "size=400k", "tiercel-test", mount))
        {
            Assert.Skip("needs the right to mount a small file system");
        }

        try
        {
            await using (UsageLedger ledger = _fixture.Start(_fixture.Settings with { MaxBuffered = 2000 }))
            {
                // Twice as many as find room in the buffer, and again once the ledger has written them: each round fills the disk a little more.
                int added = 0;
                string? reason;
                for (int round = 0; (reason = ledger.State.Reason) is null; round++)
                {
                    Assert.True(round < 100, "400 KiB do not fill");
                    for (int i = 0; i < 4000; i++)
                    {
                        ledger.Add(LedgerFixture.Record(++added));
                    }

                    await LedgerFixture.UntilAsync(() => ledger.State is { Buffered: 0 } or { Health: LedgerHealth.Unavailable }, "the buffer to be written");
                }

                Assert.Contains(reason, (string[])["the disk of the ledger is full", "the disk of the ledger fails: SQLite Error 10: 'disk I/O error'."]);
                await LedgerFixture.UntilAsync(
                    () =>
                    {
                        for (int i = 0; i < 5000; i++)
                        {
                            ledger.Add(LedgerFixture.Record(++added));
                        }

                        return ledger.State.Summed > 0;
                    },
                    "the buffer to overflow");
                Assert.True(await MountAsync("-o", "remount,size=64m", mount));
                await ledger.FlushAsync().WaitAsync(LedgerFixture.Watchdog);
                AssertTotals(added);
                Assert.Equal(added, ledger.State.Written);
            }

            await ReadOnlyDiskAsync(mount);
        }
        finally
        {
            await LedgerFixture.UntilAsync(() => RunAsync("umount", mount), "the disk to be let go");
        }
    }

    [Theory]
    [InlineData("", "-wal", "-shm")]
    [InlineData("")]
    [InlineData("-wal")]
    [InlineData("-shm")]
    public async Task A_file_deleted_under_load_comes_back_with_everything(params string[] suffixes)
    {
        await using UsageLedger ledger = _fixture.Start();
        int added = 0;
        for (int round = 1; round <= 6; round++)
        {
            for (int i = 0; i < 2000; i++)
            {
                ledger.Add(LedgerFixture.Record(++added));
            }

            // In odd rounds while it writes, in even ones while it rests.
            if (round % 2 == 0)
            {
                await ledger.FlushAsync().WaitAsync(LedgerFixture.Watchdog);
            }

            string[] files = [.. suffixes.Select(suffix => _fixture.Path + suffix)];
            Assert.True(round % 2 == 1 || File.Exists(files[0]), "there was nothing to delete");
            Array.ForEach(files, File.Delete);
        }

        await ledger.FlushAsync().WaitAsync(LedgerFixture.Watchdog);
        Assert.Equal(LedgerHealth.Durable, ledger.State.Health);
        _fixture.AssertHoldsExactly(added);
    }

    [Fact]
    public async Task A_folder_that_is_deleted_is_made_again_and_an_idle_ledger_notices_too()
    {
        await using UsageLedger ledger = _fixture.Start();
        for (int i = 1; i <= 100; i++)
        {
            ledger.Add(LedgerFixture.Record(i));
        }

        await ledger.FlushAsync().WaitAsync(LedgerFixture.Watchdog);

        // Moved away first, so that it is gone in one step: file by file the ledger could make it anew meanwhile.
        string away = Path.Combine(_fixture.Folder, "away");
        Directory.Move(Path.GetDirectoryName(_fixture.Path)!, away);
        Assert.True(File.Exists(Path.Combine(away, Path.GetFileName(_fixture.Path))));
        Directory.Delete(away, recursive: true);
        await LedgerFixture.UntilAsync(() => File.Exists(_fixture.Path) && ledger.State.Health == LedgerHealth.Durable, "the file to come back");
        await ledger.FlushAsync().WaitAsync(LedgerFixture.Watchdog);
        _fixture.AssertHoldsExactly(100);
    }

    [Fact]
    public async Task A_gateway_serves_meanwhile_and_says_when_it_is_lost_and_when_it_is_back()
    {
        Directory.CreateDirectory(_fixture.Path);
        await using ScriptedUpstream engine = ScriptedAnswers.Sound();
        await using TestFleet fleet = await TestFleet.StartAsync(TestFleet.Of(engine.Settings()) with { Ledger = _fixture.Settings });
        System.Collections.Concurrent.ConcurrentQueue<string> said = [];
        fleet.Server.Said += said.Enqueue;
        await LedgerFixture.UntilAsync(() => said.Contains("the ledger cannot be written (the ledger's file cannot be opened); requests are served, usage waits in memory"), "the loss to be told");
        Assert.Equal(200, (await fleet.PostTextAsync("""{"model":"m","messages":[{"role":"user","content":"hi"}]}""")).Status);
        string health = await fleet.Client.GetStringAsync("/health");
        Assert.Contains("\"state\":\"unavailable\",\"reason\":\"the ledger\\u0027s file cannot be opened\"", health, StringComparison.Ordinal);
        Directory.Delete(_fixture.Path, recursive: true);
        await LedgerFixture.UntilAsync(() => said.Contains("the ledger is written again"), "the return to be told");
        Assert.Single(said, line => line.Contains("cannot be written", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_place_that_cannot_hold_a_file_is_told_and_used_once_it_can()
    {
        Directory.CreateDirectory(_fixture.Path);
        await using UsageLedger ledger = _fixture.Start();
        Assert.Equal((LedgerHealth.Unavailable, "the ledger's file cannot be opened"), (ledger.State.Health, ledger.State.Reason));
        ledger.Add(LedgerFixture.Record(1));
        Directory.Delete(_fixture.Path);
        await ledger.FlushAsync().WaitAsync(LedgerFixture.Watchdog);
        Assert.Equal((LedgerHealth.Durable, null), (ledger.State.Health, ledger.State.Reason));
        _fixture.AssertHoldsExactly(1);
    }

    [Fact]
    public async Task An_end_while_the_disk_fails_does_not_hang_and_says_what_is_left()
    {
        Directory.CreateDirectory(_fixture.Path);
        UsageLedger ledger = _fixture.Start();
        ledger.Add(LedgerFixture.Record(1));
        Task flush = ledger.FlushAsync();
        await ledger.DisposeAsync().AsTask().WaitAsync(LedgerFixture.Watchdog);
        await Assert.ThrowsAsync<TaskCanceledException>(() => flush);
        Assert.Equal(1, ledger.State.Buffered);
    }

    private async Task ReadOnlyDiskAsync(string mount)
    {
        long before = _fixture.Query("SELECT SUM(requests) FROM usage").Single();

        // Refused while a file of it is open for writing, as it is for a moment in a process that another test starts.
        await LedgerFixture.UntilAsync(() => MountAsync("-o", "remount,ro", mount), "the disk to become read-only");
        await using UsageLedger ledger = _fixture.Start(run: 2);
        ledger.Add(LedgerFixture.Record(1));
        await LedgerFixture.UntilAsync(() => ledger.State.Health == LedgerHealth.Unavailable, "the read-only disk to be noticed");
        Assert.True(await MountAsync("-o", "remount,rw", mount));
        await ledger.FlushAsync().WaitAsync(LedgerFixture.Watchdog);
        Assert.Equal(before + 1, _fixture.Query("SELECT SUM(requests) FROM usage").Single());
    }

    /// <summary>Sums of everything equal those of the records 1 to a number, whether rows are single or sums.</summary>
    private void AssertTotals(int count)
    {
        UsageRecord[] all = [.. Enumerable.Range(1, count).Select(i => LedgerFixture.Record(i))];
        Assert.Equal(count, _fixture.Query("SELECT SUM(requests) FROM usage").Single());
        Assert.Equal(all.Sum(record => record.PromptTokens), _fixture.Query("SELECT SUM(prompt_tokens) FROM usage").Single());
        Assert.Equal(all.Sum(record => record.CachedTokens), _fixture.Query("SELECT SUM(cached_tokens) FROM usage").Single());
        Assert.Equal(all.Sum(record => record.CompletionTokens), _fixture.Query("SELECT SUM(completion_tokens) FROM usage").Single());
        Assert.Equal(all.Sum(record => record.Cost.Nanos), _fixture.Query("SELECT SUM(cost_nanos) FROM usage").Single());
        Assert.Equal(
            all.GroupBy(record => record.Model).OrderBy(group => group.Key).Select(group => (long)group.Count()),
            _fixture.Query("SELECT SUM(requests) FROM usage GROUP BY model ORDER BY model"));
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static Task<bool> MountAsync(params string[] arguments) => RunAsync("mount", arguments);

    /// <summary>Whether a program ends well.</summary>
    private static async Task<bool> RunAsync(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { UseShellExecute = false, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return process.ExitCode == 0;
    }
}
