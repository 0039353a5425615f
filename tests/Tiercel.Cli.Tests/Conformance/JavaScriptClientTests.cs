using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Tiercel.Cli.Tests.Processes;
using Tiercel.Testing;

namespace Tiercel.Cli.Tests.Conformance;

/// <summary>
/// The scripts of tests/conformance against the program as a user starts it, with the bundled model: the official JavaScript SDK, requests of an
/// evaluation harness, and the bytes on the wire. Skipped where node or its packages are absent.
/// </summary>
public sealed partial class JavaScriptClientTests
{
    private const string Key = "conformance-key";

    private static readonly TimeSpan Watchdog = TimeSpan.FromMinutes(5);

    [Theory]
    [InlineData("openai.test.mjs", 25)]
    [InlineData("evaluation.test.mjs", 5)]
    [InlineData("wire.test.mjs", 15)]
    public async Task A_running_server_passes(string script, int leastTests)
    {
        (TiercelProcess server, string url) = await StartAsync();
        using (server)
        {
            await RunAsync(script, leastTests, server, url);
        }
    }

    [Fact]
    public async Task A_server_that_stops_tells_its_streams()
    {
        (TiercelProcess server, string url) = await StartAsync("--grace", "0");
        using (server)
        {
            await RunAsync("interrupted.test.mjs", 1, server, url);
            Assert.Equal(1, await server.WaitAsync());
        }
    }

    private static async Task RunAsync(string script, int leastTests, TiercelProcess server, string url)
    {
        Dictionary<string, string> environment = new()
        {
            ["TIERCEL_URL"] = url,
            ["TIERCEL_KEY"] = Key,
            ["TIERCEL_MODEL"] = "tiercel-tiny",
            ["TIERCEL_PID"] = server.Id.ToString(CultureInfo.InvariantCulture),
        };
        (int exitCode, string output, string errors) =
            await NodeScripts.RunAsync(["--test", "--test-reporter=tap", "--test-timeout=120000", script], "", environment, Watchdog);
        Assert.True(exitCode == 0, output + errors);
        // A file that runs no tests passes, too.
        int passed = int.Parse(PassedPattern().Match(output).Groups["count"].Value, CultureInfo.InvariantCulture);
        Assert.True(passed >= leastTests, output);
    }

    private static async Task<(TiercelProcess Server, string Url)> StartAsync(params string[] arguments)
    {
        TiercelProcess server = TiercelProcess.Start(["serve", "--port", "0", "--json", "--api-key", Key, .. arguments]);
        string json = "";
        while (!json.EndsWith("}\n", StringComparison.Ordinal) && await server.Output.ReadLineAsync(TestContext.Current.CancellationToken) is string line)
        {
            json += line + "\n";
        }

        Assert.True(json.Length > 0, "the server did not start");
        using JsonDocument started = JsonDocument.Parse(json);
        return (server, started.RootElement.GetProperty("url").GetString()!);
    }

    [GeneratedRegex(@"^# pass (?<count>\d+)$", RegexOptions.Multiline | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex PassedPattern();
}
