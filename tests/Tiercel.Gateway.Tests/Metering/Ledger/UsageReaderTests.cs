using Tiercel.Gateway.Metering.Ledger;

namespace Tiercel.Gateway.Tests.Metering.Ledger;

public sealed class UsageReaderTests : IDisposable
{
    private readonly LedgerFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task Usage_is_grouped_and_cut_by_days()
    {
        await using (UsageLedger ledger = _fixture.Start())
        {
            ledger.Add(LedgerFixture.Record(1, "a", 1, LedgerFixture.Noon));
            ledger.Add(LedgerFixture.Record(2, "a", 2, LedgerFixture.Noon.AddDays(1), outcome: "cancelled"));
            ledger.Add(LedgerFixture.Record(3, "b", 4, LedgerFixture.Noon.AddDays(1)));
            ledger.Add(LedgerFixture.Record(5, "b", 8, LedgerFixture.Noon.AddDays(2)));
        }

        UsageRow all = Assert.Single(UsageReader.Read(_fixture.Path, new UsageQuery([])));
        Assert.Equal((4, 0, 1, 11, 11, 4, 15m), (all.Requests, all.Summed, all.Failed, all.PromptTokens, all.CachedTokens, all.CompletionTokens, all.Cost));
        Assert.Equal(0.08, all.EngineSeconds, 6);
        Assert.Equal(
            ["a even 1 2", "a odd 1 1", "b odd 2 12"],
            UsageReader.Read(_fixture.Path, new UsageQuery([UsageDimension.Tenant, UsageDimension.Model])).Select(Text));
        DateOnly day = DateOnly.FromDateTime(LedgerFixture.Noon.DateTime).AddDays(1);
        Assert.Equal(
            ["2026-03-04 ci 2 6"],
            UsageReader.Read(_fixture.Path, new UsageQuery([UsageDimension.Day, UsageDimension.Key], day, day)).Select(Text));
        Assert.Empty(UsageReader.Read(_fixture.Path, new UsageQuery([], day.AddYears(1))));
    }

    [Fact]
    public async Task Sums_are_counted_with_the_others_and_told_apart()
    {
        await using (UsageLedger ledger = _fixture.Start(_fixture.Settings with { MaxBuffered = 0 }))
        {
            for (int i = 1; i <= 10; i++)
            {
                ledger.Add(LedgerFixture.Record(i, "a", 1));
            }
        }

        UsageRow all = Assert.Single(UsageReader.Read(_fixture.Path, new UsageQuery([])));
        Assert.Equal((10, 10, 0, 10m), (all.Requests, all.Summed, all.Failed, all.Cost));
        Assert.Equal(["even 5 5", "odd 5 5"], UsageReader.Read(_fixture.Path, new UsageQuery([UsageDimension.Model])).Select(Text));
    }

    [Fact]
    public async Task What_no_64_bits_hold_is_still_reported()
    {
        await using (UsageLedger ledger = _fixture.Start())
        {
            for (int i = 1; i <= 3; i++)
            {
                ledger.Add(LedgerFixture.Record(i, "a", decimal.MaxValue) with { PromptTokens = long.MaxValue, CompletionTokens = -1 });
            }
        }

        UsageRow all = Assert.Single(UsageReader.Read(_fixture.Path, new UsageQuery([])));
        Assert.True(all.Cost > 27_000_000_000m);
        Assert.Equal((3 * UsageRecord.MaxTokens, 0), (all.PromptTokens, all.CompletionTokens));
    }

    [Fact]
    public async Task It_reads_while_a_gateway_writes_and_changes_nothing()
    {
        await using UsageLedger ledger = _fixture.Start();
        long last = 0;
        for (int i = 1; i <= 2000; i++)
        {
            ledger.Add(LedgerFixture.Record(i));
            if (i % 100 == 0)
            {
                await ledger.FlushAsync().WaitAsync(LedgerFixture.Watchdog);
                long now = UsageReader.Read(_fixture.Path, new UsageQuery([])).Single().Requests;
                Assert.True(now >= i && now >= last);
                last = now;
            }
        }

        Assert.Equal(LedgerHealth.Durable, ledger.State.Health);
    }

    [Fact]
    public void What_is_no_ledger_is_said_by_name()
    {
        Assert.Contains("no ledger at", Assert.Throws<LedgerException>(() => UsageReader.Read(_fixture.Path, new UsageQuery([]))).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_fixture.Path));
        Directory.CreateDirectory(Path.GetDirectoryName(_fixture.Path)!);
        File.WriteAllText(_fixture.Path, new string('x', 5000));
        Assert.Contains("cannot be read", Assert.Throws<LedgerException>(() => UsageReader.Read(_fixture.Path, new UsageQuery([]))).Message, StringComparison.Ordinal);
        File.WriteAllText(_fixture.Path, "");
        Assert.Empty(UsageReader.Read(_fixture.Path, new UsageQuery([])));
    }

    private static string Text(UsageRow row) => FormattableString.Invariant($"{string.Join(' ', row.Group)} {row.Requests} {row.Cost:0.##}");
}
