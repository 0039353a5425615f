using System.Text.Json;

namespace Tiercel.Cli.Tests.Fleet;

/// <summary>What clients were told in the <c>usage</c> of their answers: what the ledger has to say too, exactly.</summary>
/// <param name="Id">The request's id, as its client gave it.</param>
internal readonly record struct UsageTold(string Id, long Prompt, long Completion)
{
    public static UsageTold Of(string id, JsonElement answer)
    {
        JsonElement usage = answer.GetProperty("usage");
        return new UsageTold(id, usage.GetProperty("prompt_tokens").GetInt64(), usage.GetProperty("completion_tokens").GetInt64());
    }

    /// <summary>Of a stream as <see cref="ProcessFleet.StreamAsync"/> writes it down.</summary>
    public static UsageTold OfStream(string id, string stream)
    {
        string[] numbers = stream.Split('\n')[^3].Split('+');
        return new UsageTold(id, long.Parse(numbers[0], System.Globalization.CultureInfo.InvariantCulture), long.Parse(numbers[1], System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>Every request is in the ledger once, with what its client was told, and nothing else is.</summary>
    public static void AssertBilledOnce(string ledger, IReadOnlyCollection<UsageTold> told)
    {
        string[] expected = [.. told.Select(one => $"{one.Id} {one.Prompt}+{one.Completion}").Order(StringComparer.Ordinal)];
        List<string> rows = UsageRows.Texts(ledger, "SELECT id || ' ' || prompt_tokens || '+' || completion_tokens FROM usage WHERE is_sum = 0 AND outcome = 'ok'");
        rows.Sort(StringComparer.Ordinal);
        Assert.Equal(expected, rows);
    }
}
