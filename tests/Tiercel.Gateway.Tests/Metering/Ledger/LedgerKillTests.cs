using System.Buffers.Binary;
using System.Diagnostics;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Metering.Ledger;

namespace Tiercel.Gateway.Tests.Metering.Ledger;

/// <summary>What SIGKILL can take: a process adds records until it is killed, and notes outside the ledger what it has added and what was acknowledged.</summary>
public sealed class LedgerKillTests
{
    [Fact]
    public async Task A_killed_process_loses_only_what_came_after_the_last_write_and_a_replay_counts_nothing_twice()
    {
        for (int round = 0; round < 3; round++)
        {
            using LedgerFixture fixture = new();
            using Process child = LedgerKillChildTests.Start(fixture.Folder);
            try
            {
                await LedgerFixture.UntilAsync(() => child.HasExited || LedgerKillChildTests.Read(fixture.Folder).Flushed > 2000 * (round + 1), "the child to write");
                Assert.False(child.HasExited, "the child ended by itself");
            }
            finally
            {
                child.Kill();
            }

            await child.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(128 + 9, child.ExitCode);
            (long added, long flushed, long lastAdded) = LedgerKillChildTests.Read(fixture.Folder);
            long lastKept = fixture.Query("SELECT MAX(admitted_us) FROM usage").Single();
            long kept = fixture.Query("SELECT COUNT(*) FROM usage").Single();
            fixture.AssertHoldsExactly(kept);
            Assert.InRange(kept, flushed, added + 1);
            TestContext.Current.TestOutputHelper?.WriteLine($"added {added}, acknowledged {flushed}, kept {kept}; lost {added - kept}, which is {(lastAdded - lastKept) / 1000} ms");

            await using (UsageLedger replay = fixture.Start())
            {
                for (long request = 1; request <= added + 1; request++)
                {
                    replay.Add(LedgerFixture.Record(request));
                    await LedgerKillChildTests.HoldBackAsync(replay);
                }
            }

            fixture.AssertHoldsExactly(added + 1);
        }
    }
}

/// <summary>The process that is killed. Run as an ordinary test, it ends by itself after a few records.</summary>
public sealed class LedgerKillChildTests
{
    private const string Variable = "TIERCEL_TEST_LEDGER_FOLDER";

    [Fact]
    public async Task Adds_records_and_notes_what_it_has_added()
    {
        string? folder = Environment.GetEnvironmentVariable(Variable);
        using LedgerFixture own = new();
        long most = folder is null ? 500 : long.MaxValue;
        folder ??= own.Folder;
        await using UsageLedger ledger = UsageLedger.Start(
            new LedgerSettings { Path = Path.Combine(folder, "ledger", "usage.db") }, LedgerFixture.Run, TimeProvider.System, _ => { });
        await using FileStream note = new(Path.Combine(folder, "note"), FileMode.Create, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        long flushed = 0;
        Task flush = Task.CompletedTask;
        long covered = 0;
        for (long request = 1; request <= most; request++)
        {
            DateTimeOffset now = TimeProvider.System.GetUtcNow();
            ledger.Add(LedgerFixture.Record(request, admitted: now));
            if (flush.IsCompletedSuccessfully && request % 1000 == 0)
            {
                flushed = covered;
                covered = request;
                flush = ledger.FlushAsync();
            }

            Write(note, request, flushed, (now - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
            await HoldBackAsync(ledger);
            if (request % 50 == 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, TestContext.Current.CancellationToken);
            }
        }

        await ledger.FlushAsync();
        Assert.Equal(most, ledger.State.Written);
        Assert.Equal(most, Read(folder).Added);
    }

    /// <summary>More than may wait would be summed, and no longer be rows of their own.</summary>
    internal static async ValueTask HoldBackAsync(UsageLedger ledger)
    {
        if (ledger.State.Buffered > 50_000)
        {
            await ledger.FlushAsync().WaitAsync(LedgerFixture.Watchdog, TestContext.Current.CancellationToken);
        }
    }

    internal static Process Start(string folder) => Process.Start(
        new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Tiercel.Gateway.Tests" + (OperatingSystem.IsWindows() ? ".exe" : "")))
        {
            ArgumentList = { "-class", typeof(LedgerKillChildTests).FullName!, "-noColor" },
            Environment = { [Variable] = folder },
            UseShellExecute = false,
            RedirectStandardOutput = true,
        })!;

    internal static (long Added, long Flushed, long Micros) Read(string folder)
    {
        string path = Path.Combine(folder, "note");
        if (!File.Exists(path))
        {
            return (0, 0, 0);
        }

        using FileStream note = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Span<byte> numbers = stackalloc byte[24];
        return note.ReadAtLeast(numbers, 24, throwOnEndOfStream: false) < 24
            ? (0, 0, 0)
            : (BinaryPrimitives.ReadInt64LittleEndian(numbers), BinaryPrimitives.ReadInt64LittleEndian(numbers[8..]), BinaryPrimitives.ReadInt64LittleEndian(numbers[16..]));
    }

    /// <summary>In the page cache it outlives the process.</summary>
    private static void Write(FileStream note, long added, long flushed, long micros)
    {
        Span<byte> numbers = stackalloc byte[24];
        BinaryPrimitives.WriteInt64LittleEndian(numbers, added);
        BinaryPrimitives.WriteInt64LittleEndian(numbers[8..], flushed);
        BinaryPrimitives.WriteInt64LittleEndian(numbers[16..], micros);
        note.Position = 0;
        note.Write(numbers);
    }
}
