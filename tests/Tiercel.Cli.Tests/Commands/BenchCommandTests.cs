using System.Text.Json;

namespace Tiercel.Cli.Tests.Commands;

/// <summary><c>tiercel bench</c> with the bundled model.</summary>
public class BenchCommandTests
{
    private static readonly string[] Short = ["bench", "--prompt-tokens", "32,64", "--contexts", "16,48", "--output-tokens", "8", "--streams", "2,3", "--repetitions", "1"];

    [Fact]
    public async Task Every_test_is_reported_with_its_share_of_the_machines_limit()
    {
        using CliHarness cli = new();
        Assert.Equal(0, await cli.RunAsync([.. Short, "--json"]));
        using JsonDocument report = JsonDocument.Parse(cli.Output);
        JsonElement[] results = [.. report.RootElement.GetProperty("results").EnumerateArray()];
        Assert.Equal(
            [("prefill", 1, 32), ("prefill", 1, 64), ("decode", 1, 16), ("decode", 1, 48), ("streams", 2, 16), ("streams", 3, 16)],
            results.Select(r => (r.GetProperty("test").GetString()!, r.GetProperty("streams").GetInt32(), r.GetProperty("prompt_tokens").GetInt32())));
        Assert.All(results, r => Assert.True(r.GetProperty("tokens_per_second").GetDouble() > 0));
        Assert.True(report.RootElement.GetProperty("load_seconds").GetDouble() > 0);

        // A share is what the rate needs of what the machine gave: with the model's costs it can be worked out again.
        double bandwidth = report.RootElement.GetProperty("read_bytes_per_second").GetDouble();
        double bytesAt16 = results[2].GetProperty("limit_use").GetDouble() * bandwidth / results[2].GetProperty("tokens_per_second").GetDouble();
        double bytesAt48 = results[3].GetProperty("limit_use").GetDouble() * bandwidth / results[3].GetProperty("tokens_per_second").GetDouble();
        Assert.Equal("read_bandwidth", results[2].GetProperty("limit").GetString());
        Assert.InRange(bytesAt16, 1e6, 100e6);
        Assert.True(bytesAt48 > bytesAt16);
        Assert.Equal("integer_peak", results[0].GetProperty("limit").GetString());
        Assert.Equal(JsonValueKind.Null, results[4].GetProperty("limit_use").ValueKind);
    }

    [Fact]
    public async Task A_person_reads_a_table()
    {
        using CliHarness cli = new();
        Assert.Equal(0, await cli.RunAsync(Short));
        Assert.Contains("loaded to the first token in", cli.Output, StringComparison.Ordinal);
        Assert.Contains("prefill 64", cli.Output, StringComparison.Ordinal);
        Assert.Contains("decode 8 at 48", cli.Output, StringComparison.Ordinal);
        Assert.Contains("% of reading", cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_asked_for_and_does_not_fit_is_refused_and_a_default_that_does_not_fit_is_left_out_and_told()
    {
        using CliHarness cli = new();
        Assert.Equal(1, await cli.RunAsync("bench", "--context", "256", "--prompt-tokens", "64,5000"));
        Assert.Contains("prefill 5000", cli.ErrorLine(), StringComparison.Ordinal);
        Assert.Contains("256", cli.ErrorLine(), StringComparison.Ordinal);
        Assert.Equal(1, await cli.RunAsync("bench", "--context", "256", "--contexts", "250"));
        Assert.Contains("decode at 250", cli.ErrorLine(), StringComparison.Ordinal);
        Assert.Equal(0, await cli.RunAsync("bench", "--context", "256", "--output-tokens", "4", "--streams", "1", "--repetitions", "1"));
        Assert.Contains("left out: prefill 512, prefill 2048, decode at 1024", cli.Error, StringComparison.Ordinal);
        Assert.Contains("decode 4 at 128", cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Numbers_that_are_none_are_refused_by_name()
    {
        using CliHarness cli = new();
        foreach (string option in (string[])["--streams", "--contexts", "--prompt-tokens"])
        {
            Assert.NotEqual(0, await cli.RunAsync("bench", option, "4,x"));
            Assert.Contains(option, cli.Error, StringComparison.Ordinal);
        }
    }
}
