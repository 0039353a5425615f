using System.CommandLine;
using System.Globalization;
using Tiercel.Cli.Json;
using Tiercel.Cli.Terminal;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Metering.Ledger;

namespace Tiercel.Cli.Commands;

/// <summary><c>tiercel usage</c>: what was used and what it cost, from the ledger of a gateway, which may be writing it.</summary>
internal sealed class UsageCommand
{
    private static readonly string[] Numbers =
        ["requests", "summed_requests", "failed_requests", "prompt_tokens", "cached_tokens", "completion_tokens", "cost", "engine_seconds"];

    private readonly Option<string?> _ledger = new("--ledger") { Description = "The ledger file.", HelpName = "FILE" };
    private readonly Option<string?> _config = new("--config") { Description = "The configuration file of the gateway, which names the ledger.", HelpName = "FILE" };
    private readonly Option<string> _by = new("--by")
    {
        Description = "What to group by, in this order: tenant, key (with its tenant), model, day.",
        HelpName = "LIST",
        DefaultValueFactory = _ => "tenant,model",
    };

    private readonly Option<string?> _since = new("--since") { Description = "First day (UTC): 2026-03-01, 2026-03, today or yesterday.", HelpName = "DAY" };
    private readonly Option<string?> _until = new("--until") { Description = "Last day (UTC), itself included.", HelpName = "DAY" };
    private readonly Option<bool> _csv = new("--csv") { Description = "Print comma-separated values." };
    private readonly Option<bool> _json = CommonOptions.Json();
    private readonly CliEnvironment _environment;

    private UsageCommand(CliEnvironment environment, Command command)
    {
        _environment = environment;
        foreach (Option option in (Option[])[_ledger, _config, _by, _since, _until, _csv, _json])
        {
            command.Add(option);
        }

        command.SetAction(Run);
    }

    public static Command Create(CliEnvironment environment)
    {
        Command command = new("usage", "Shows what tenants, keys and models used, and what it cost.");
        _ = new UsageCommand(environment, command);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        if (parsed.GetValue(_csv) && parsed.GetValue(_json))
        {
            throw new UserErrorException("give --csv or --json, not both", ExitCodes.Usage);
        }

        UsageQuery query = new(Dimensions(parsed.GetValue(_by)!), Day(parsed.GetValue(_since), "--since", last: false), Day(parsed.GetValue(_until), "--until", last: true));
        if (query.Since > query.Until)
        {
            throw new UserErrorException("--since is after --until", ExitCodes.Usage);
        }

        IReadOnlyList<UsageRow> rows = UsageReader.Read(LedgerPath(parsed.GetValue(_ledger), parsed.GetValue(_config)), query);
        if (parsed.GetValue(_json))
        {
            CliJson.Write(_environment, Report(query, rows), CliJson.Default.UsageReport);
        }
        else if (parsed.GetValue(_csv))
        {
            CsvWriter.Write(_environment, [.. query.By.Select(Name), .. Numbers], rows.Select(row => (string[])[.. row.Group, .. Plain(row)]));
        }
        else
        {
            Print(query, rows);
        }

        return ExitCodes.Success;
    }

    private static string LedgerPath(string? ledger, string? config)
    {
        if ((ledger is null) == (config is null))
        {
            throw new UserErrorException("give either --ledger FILE or --config FILE; see tiercel usage --help", ExitCodes.Usage);
        }

        if (ledger is not null)
        {
            return ledger;
        }

        // No secret is needed to find the ledger, so none is looked up.
        FleetConfiguration configuration = ConfigurationFile.Read(config!, ReferenceResolver.None).Require();
        string path = configuration.Ledger.Path ?? throw new UserErrorException($"{config} names no ledger (ledger.path), so usage is kept in memory only");
        return Path.GetFullPath(path, Path.GetDirectoryName(Path.GetFullPath(config!))!);
    }

    private static UsageDimension[] Dimensions(string list)
    {
        List<UsageDimension> dimensions = [];
        foreach (string word in list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            UsageDimension dimension = word switch
            {
                "tenant" => UsageDimension.Tenant,
                "key" => UsageDimension.Key,
                "model" => UsageDimension.Model,
                "day" => UsageDimension.Day,
                _ => throw new UserErrorException($"--by: there is no '{word}'; choose from tenant, key, model, day", ExitCodes.Usage),
            };
            if (dimensions.Contains(dimension))
            {
                throw new UserErrorException($"--by: '{word}' is there twice", ExitCodes.Usage);
            }

            dimensions.Add(dimension);
        }

        // A key's name is its own only within its tenant: two tenants' keys of one name are never one line.
        if (dimensions.Contains(UsageDimension.Key) && !dimensions.Contains(UsageDimension.Tenant))
        {
            dimensions.Insert(dimensions.IndexOf(UsageDimension.Key), UsageDimension.Tenant);
        }

        return [.. dimensions];
    }

    private DateOnly? Day(string? text, string option, bool last)
    {
        DateOnly today = DateOnly.FromDateTime(_environment.Time.GetUtcNow().UtcDateTime);
        switch (text)
        {
            case null:
                return null;
            case "today":
                return today;
            case "yesterday":
                return today.AddDays(-1);
        }

        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly day))
        {
            return day;
        }

        return DateOnly.TryParseExact(text + "-01", "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly month)
            ? last ? new DateOnly(month.Year, month.Month, DateTime.DaysInMonth(month.Year, month.Month)) : month
            : throw new UserErrorException($"{option}: '{text}' is no day; write 2026-03-01, 2026-03, today or yesterday", ExitCodes.Usage);
    }

    private void Print(UsageQuery query, IReadOnlyList<UsageRow> rows)
    {
        if (rows.Count == 0)
        {
            _environment.Error.WriteLine("tiercel: nothing was used in this time");
            return;
        }

        UsageRow total = Total(rows);
        List<string[]> lines = [.. rows.Select(row => (string[])[.. row.Group, .. Readable(row)])];
        if (rows.Count > 1)
        {
            lines.Add([.. query.By.Select((_, index) => index == 0 ? "TOTAL" : ""), .. Readable(total)]);
        }

        TableWriter.Write(_environment, [.. query.By.Select(dimension => Name(dimension).ToUpperInvariant()), "REQUESTS", "FAILED", "PROMPT", "CACHED", "COMPLETION", "COST", "ENGINE"], lines);
        if (total.Summed > 0)
        {
            _environment.Error.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"tiercel: {total.Summed:N0} of the requests are known only as sums, because the ledger could not be written for a while; how many of them failed is not known"));
        }
    }

    private static UsageReport Report(UsageQuery query, IReadOnlyList<UsageRow> rows) => new()
    {
        By = [.. query.By.Select(Name)],
        Since = query.Since?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        Until = query.Until?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        Groups = [.. rows.Select(row => Group(row, query.By))],
        Total = Group(Total(rows), []),
    };

    private static UsageGroup Group(UsageRow row, IReadOnlyList<UsageDimension> by)
    {
        string? Value(UsageDimension dimension) => by.Index().Where(entry => entry.Item == dimension).Select(entry => row.Group[entry.Index]).FirstOrDefault();
        return new UsageGroup
        {
            Tenant = Value(UsageDimension.Tenant),
            Key = Value(UsageDimension.Key),
            Model = Value(UsageDimension.Model),
            Day = Value(UsageDimension.Day),
            Requests = row.Requests,
            SummedRequests = row.Summed,
            FailedRequests = row.Failed,
            PromptTokens = row.PromptTokens,
            CachedTokens = row.CachedTokens,
            CompletionTokens = row.CompletionTokens,
            Cost = row.Cost,
            EngineSeconds = Math.Round(row.EngineSeconds, 6),
        };
    }

    private static UsageRow Total(IReadOnlyList<UsageRow> rows) => new(
        [],
        rows.Sum(row => row.Requests),
        rows.Sum(row => row.Summed),
        rows.Sum(row => row.Failed),
        rows.Sum(row => row.PromptTokens),
        rows.Sum(row => row.CachedTokens),
        rows.Sum(row => row.CompletionTokens),
        rows.Sum(row => row.Cost),
        rows.Sum(row => row.EngineSeconds));

    private static string[] Readable(UsageRow row) =>
    [
        Count(row.Requests), Count(row.Failed), Count(row.PromptTokens), Count(row.CachedTokens), Count(row.CompletionTokens),
        row.Cost.ToString("0.00####", CultureInfo.InvariantCulture), row.EngineSeconds.ToString("0.0' s'", CultureInfo.InvariantCulture),
    ];

    private static string[] Plain(UsageRow row) =>
    [
        .. new[] { row.Requests, row.Summed, row.Failed, row.PromptTokens, row.CachedTokens, row.CompletionTokens }.Select(number => number.ToString(CultureInfo.InvariantCulture)),
        row.Cost.ToString("0.#########", CultureInfo.InvariantCulture),
        row.EngineSeconds.ToString("0.######", CultureInfo.InvariantCulture),
    ];

    private static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Name(UsageDimension dimension) => dimension switch
    {
        UsageDimension.Tenant => "tenant",
        UsageDimension.Key => "key",
        UsageDimension.Model => "model",
        _ => "day",
    };
}
