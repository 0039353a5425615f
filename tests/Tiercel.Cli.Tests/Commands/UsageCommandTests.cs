using System.Text.Json;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Metering;
using Tiercel.Gateway.Metering.Ledger;
using Tiercel.Testing;

namespace Tiercel.Cli.Tests.Commands;

public sealed class UsageCommandTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 3, 12, 0, 0, TimeSpan.Zero);

    private readonly TemporaryFolder _folder = new();
    private readonly CliHarness _cli = new();

    public void Dispose()
    {
        _cli.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_table_has_groups_and_their_total()
    {
        string ledger = await WriteAsync();
        Assert.Equal(0, await _cli.RunAsync("usage", "--ledger", ledger));
        string[] lines = _cli.Output.TrimEnd('\n').Split('\n');
        Assert.Matches("^TENANT +MODEL +REQUESTS +FAILED +PROMPT +CACHED +COMPLETION +COST +ENGINE$", lines[0]);
        Assert.Matches(@"^acme +big +2 +1 +2,000 +500 +20 +0\.50 +3\.0 s$", lines[1]);
        Assert.Matches(@"^acme +small +1 +0 +1,000 +250 +10 +0\.000001 +1\.5 s$", lines[2]);
        Assert.Matches(@"^zeta +big +1 +0 +1,000 +250 +10 +4\.00 +1\.5 s$", lines[3]);
        Assert.Matches(@"^TOTAL +4 +1 +4,000 +1,000 +40 +4\.500001 +6\.0 s$", lines[4]);
        Assert.Equal(5, lines.Length);
        Assert.Empty(_cli.Error);
    }

    [Fact]
    public async Task Csv_is_exact_and_quoted()
    {
        string ledger = await WriteAsync(Record(9, "com,ma \"q\"", "=cmd", 1));
        Assert.Equal(0, await _cli.RunAsync("usage", "--ledger", ledger, "--by", "tenant,model,key,day", "--csv", "--since", "2026-03-04"));
        Assert.Equal(
            """
            tenant,model,key,day,requests,summed_requests,failed_requests,prompt_tokens,cached_tokens,completion_tokens,cost,engine_seconds
            acme,small,ci,2026-03-04,1,0,0,1000,250,10,0.0000005,1.5
            zeta,big,ci,2026-03-05,1,0,0,1000,250,10,4,1.5
            """ + "\n",
            _cli.Output);
        Assert.Equal(0, await _cli.RunAsync("usage", "--ledger", ledger, "--by", "tenant,model", "--csv", "--until", "2026-03-03"));
        Assert.Contains("\"com,ma \"\"q\"\"\",'=cmd,1,", _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_has_numbers_and_nulls_for_what_is_not_grouped_by()
    {
        string ledger = await WriteAsync();
        Assert.Equal(0, await _cli.RunAsync("usage", "--ledger", ledger, "--by", "day", "--json", "--since", "2026-03", "--until", "2026-03"));
        using JsonDocument json = JsonDocument.Parse(_cli.Output);
        JsonElement root = json.RootElement;
        Assert.Equal(("2026-03-01", "2026-03-31"), (root.GetProperty("since").GetString(), root.GetProperty("until").GetString()));
        Assert.Equal(["2026-03-03", "2026-03-04", "2026-03-05"], root.GetProperty("groups").EnumerateArray().Select(group => group.GetProperty("day").GetString()!));
        JsonElement first = root.GetProperty("groups")[0];
        Assert.Equal(JsonValueKind.Null, first.GetProperty("tenant").ValueKind);
        Assert.Equal((2, 1), (first.GetProperty("requests").GetInt32(), first.GetProperty("failed_requests").GetInt32()));
        Assert.Equal(4.5000005m, root.GetProperty("total").GetProperty("cost").GetDecimal());
    }

    [Fact]
    public async Task Sums_are_counted_and_told_of()
    {
        string ledger = _folder.File("usage.db");
        await using (UsageLedger writer = UsageLedger.Start(new LedgerSettings { Path = ledger, MaxBuffered = 0 }, 1, TimeProvider.System, _ => { }))
        {
            writer.Add(Record(1, "acme", "big", 1));
            writer.Add(Record(2, "acme", "big", 2));
        }

        Assert.Equal(0, await _cli.RunAsync("usage", "--ledger", ledger));
        Assert.Matches(@"(?m)^acme +big +2 +0 +2,000 +500 +20 +3\.00 +3\.0 s$", _cli.Output);
        Assert.Contains("2 of the requests are known only as sums", _cli.Error, StringComparison.Ordinal);
        Assert.Equal(0, await _cli.RunAsync("usage", "--ledger", ledger, "--csv"));
        Assert.Contains("acme,big,2,2,0,2000,500,20,3,3\n", _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_configuration_names_the_ledger_beside_it_without_its_secrets()
    {
        await WriteAsync();
        string config = _folder.File("tiercel.yaml");
        await File.WriteAllTextAsync(
            config,
            """
            pools: { chat: { upstreams: [ { name: a, kind: openai, url: http://10.0.0.1:8000, key: env:NOT_SET } ] } }
            routes: { m: { pool: chat } }
            ledger: { path: usage.db }
            """,
            TestContext.Current.CancellationToken);
        Assert.Equal(0, await _cli.RunAsync("usage", "--config", config, "--by", "key"));

        // Names of keys are their tenants' own, so the tenant stands before the key.
        Assert.Matches(@"(?m)^TENANT +KEY ", _cli.Output);
        Assert.Matches(@"(?m)^acme +ci +", _cli.Output);
        await File.WriteAllTextAsync(config, (await File.ReadAllTextAsync(config, TestContext.Current.CancellationToken)).Replace("ledger:", "# ledger:", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        Assert.Equal(1, await _cli.RunAsync("usage", "--config", config));
        Assert.Contains("names no ledger", _cli.ErrorLine(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_reads_while_a_gateway_writes()
    {
        string ledger = _folder.File("usage.db");
        await using UsageLedger writer = UsageLedger.Start(new LedgerSettings { Path = ledger }, 1, TimeProvider.System, _ => { });
        for (int i = 1; i <= 50; i++)
        {
            writer.Add(Record(i, "acme", "big", 1));
            await writer.FlushAsync();
            Assert.Equal(0, await _cli.RunAsync("usage", "--ledger", ledger, "--csv", "--by", "tenant"));
            Assert.Contains($"acme,{i},0,0,", _cli.Output, StringComparison.Ordinal);
        }

        Assert.Equal(LedgerHealth.Durable, writer.State.Health);
    }

    [Fact]
    public async Task Nothing_used_is_no_error()
    {
        string ledger = await WriteAsync();
        Assert.Equal(0, await _cli.RunAsync("usage", "--ledger", ledger, "--since", "2030-01-01"));
        Assert.Empty(_cli.Output);
        Assert.Contains("nothing was used", _cli.Error, StringComparison.Ordinal);
        Assert.Equal(0, await _cli.RunAsync("usage", "--ledger", ledger, "--since", "today", "--json", "--by", ""));
        using JsonDocument json = JsonDocument.Parse(_cli.Output);
        Assert.Equal(0, json.RootElement.GetProperty("total").GetProperty("requests").GetInt64());
    }

    [Theory]
    [InlineData(2, "either --ledger FILE or --config FILE")]
    [InlineData(2, "either --ledger FILE or --config FILE", "--ledger", "a", "--config", "b")]
    [InlineData(2, "there is no 'user'", "--ledger", "a", "--by", "tenant,user")]
    [InlineData(2, "'day' is there twice", "--ledger", "a", "--by", "day,day")]
    [InlineData(2, "--since: '3 March' is no day", "--ledger", "a", "--since", "3 March")]
    [InlineData(2, "--until: '2026-02-30' is no day", "--ledger", "a", "--until", "2026-02-30")]
    [InlineData(2, "--since is after --until", "--ledger", "a", "--since", "2026-03", "--until", "2026-02")]
    [InlineData(2, "not both", "--ledger", "a", "--csv", "--json")]
    [InlineData(1, "there is no ledger at", "--ledger", "no/such/file.db")]
    public async Task What_is_wrong_is_one_line(int exitCode, string message, params string[] arguments)
    {
        Assert.Equal(exitCode, await _cli.RunAsync(["usage", .. arguments]));
        Assert.Contains(message, _cli.ErrorLine(), StringComparison.Ordinal);
    }

    private async Task<string> WriteAsync(params UsageRecord[] more)
    {
        string ledger = _folder.File("usage.db");
        await using UsageLedger writer = UsageLedger.Start(new LedgerSettings { Path = ledger }, 1, TimeProvider.System, _ => { });
        UsageRecord[] records =
        [
            Record(1, "acme", "big", 0.25m),
            Record(2, "acme", "big", 0.25m) with { Outcome = "cancelled" },
            Record(3, "acme", "small", 0.0000005m) with { Admitted = Noon.AddDays(1) },
            Record(4, "zeta", "big", 4) with { Admitted = Noon.AddDays(2) },
            .. more,
        ];
        Array.ForEach(records, writer.Add);
        await writer.FlushAsync();
        return ledger;
    }

    private static UsageRecord Record(long request, string tenant, string model, decimal cost) => new()
    {
        Request = request,
        Admitted = Noon,
        Tenant = tenant,
        Key = "ci",
        Model = model,
        PromptTokens = 1000,
        CachedTokens = 250,
        CompletionTokens = 10,
        Cost = Money.Of(cost),
        Engine = TimeSpan.FromSeconds(1.5),
    };
}
