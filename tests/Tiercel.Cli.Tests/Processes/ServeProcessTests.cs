using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Tiercel.Testing;

namespace Tiercel.Cli.Tests.Processes;

public class ServeProcessTests
{
    /// <summary>Its answer is larger than all buffers on the way to a client that does not read, so that it is not over before the client reads it.</summary>
    private const string Story =
        """{"model":"tiercel-tiny","prompt":"Once","stream":true,"max_tokens":1800,"n":16,"logprobs":2,"ignore_eos":true,"temperature":0}""";

    [Fact]
    public async Task The_first_lines_say_what_runs_and_the_line_to_paste_works()
    {
        using TiercelProcess server = TiercelProcess.Start("serve", "--port", "0", "--alias", "tiny");
        List<string> lines = [];
        while (lines.Count < 6 && await server.Output.ReadLineAsync(TestContext.Current.CancellationToken) is string line)
        {
            lines.Add(line);
        }

        Assert.Contains("tiercel-tiny: qwen3, Q8_0", lines[0], StringComparison.Ordinal);
        Assert.Contains("context 2,048 tokens", lines[1], StringComparison.Ordinal);
        Assert.Contains("threads", lines[2], StringComparison.Ordinal);
        string url = lines[3].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        string body = lines[4][(lines[4].IndexOf("-d '", StringComparison.Ordinal) + 4)..^1];
        Assert.Contains($"curl {url}/v1/chat/completions", lines[4], StringComparison.Ordinal);
        using HttpClient http = new();
        using StringContent content = new(body, new MediaTypeHeaderValue("application/json"));
        using HttpResponseMessage answer = await http.PostAsync(new Uri($"{url}/v1/chat/completions"), content, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

        (int exitCode, string output, _) = await TiercelProcess.RunAsync("", "ps", "--url", url, "--json");
        Assert.Equal(0, exitCode);
        using JsonDocument shown = JsonDocument.Parse(output);
        Assert.Equal(["tiercel-tiny", "tiny"], shown.RootElement.GetProperty("models").EnumerateArray().Select(m => m.GetProperty("name").GetString()));
        Assert.Equal("ready", shown.RootElement.GetProperty("status").GetString());
        await server.SignalAsync("TERM");
        Assert.Equal(0, await server.WaitAsync());
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task A_signal_lets_running_requests_finish_and_refuses_new_ones(string signal)
    {
        SkipWhereIgnored(signal);
        (TiercelProcess server, string url) = await StartAsync("--grace", "600");
        using HttpClient http = new();
        using HttpResponseMessage stream = await BeginAsync(http, url);
        using StreamReader events = new(await stream.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        Assert.StartsWith("data: {", await events.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await server.SignalAsync(signal);
        await WaitUntilRefusedAsync(http, url);
        string rest = await events.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.EndsWith("data: [DONE]", rest.TrimEnd(), StringComparison.Ordinal);
        Assert.True(rest.Length > 5_000_000, $"{rest.Length} characters may have found room on the way");
        Assert.Contains("\"finish_reason\":\"length\"", rest, StringComparison.Ordinal);
        Assert.Equal(0, await server.WaitAsync());
        Assert.Contains("tiercel: 1 running", await server.ErrorAsync(), StringComparison.Ordinal);
        server.Dispose();
    }

    [Fact]
    public async Task A_second_signal_stops_at_once()
    {
        (TiercelProcess server, string url) = await StartAsync("--grace", "3600");
        using HttpClient http = new();
        using HttpResponseMessage stream = await BeginAsync(http, url);
        await server.SignalAsync("TERM");
        await WaitUntilRefusedAsync(http, url);
        await server.SignalAsync("TERM");
        Assert.Equal(130, await server.WaitAsync());
        server.Dispose();
    }

    [Fact]
    public async Task Requests_that_outlive_the_grace_are_interrupted_and_told_of()
    {
        (TiercelProcess server, string url) = await StartAsync("--grace", "0");
        using HttpClient http = new();
        using HttpResponseMessage stream = await BeginAsync(http, url);
        await server.SignalAsync("TERM");
        Assert.Equal(1, await server.WaitAsync());
        Assert.Contains("were interrupted", await server.ErrorAsync(), StringComparison.Ordinal);
        server.Dispose();
    }

    [Fact]
    public async Task Keys_are_asked_for_and_requests_are_logged_without_their_text()
    {
        using TemporaryFolder folder = new();
        string log = folder.File("requests.jsonl");
        (TiercelProcess server, string url) = await StartAsync("--api-key", "a-secret", "--request-log", log, "--name", "mine");
        using HttpClient http = new();
        object body = new { model = "mine", prompt = "private words", max_tokens = 2 };
        using HttpResponseMessage refused = await http.PostAsJsonAsync($"{url}/v1/completions", body, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        (int exitCode, _, string error) = await TiercelProcess.RunAsync("", "ps", "--url", url);
        Assert.Equal(1, exitCode);
        Assert.Contains("--api-key", error, StringComparison.Ordinal);
        Assert.Equal(0, (await TiercelProcess.RunAsync("", "ps", "--url", url, "--api-key", "a-secret")).ExitCode);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "a-secret");
        using HttpResponseMessage accepted = await http.PostAsJsonAsync($"{url}/v1/completions", body, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, accepted.StatusCode);
        await server.SignalAsync("TERM");
        Assert.Equal(0, await server.WaitAsync());
        string[] lines = await File.ReadAllLinesAsync(log, TestContext.Current.CancellationToken);
        Assert.Contains(lines, line => line.Contains("/v1/completions", StringComparison.Ordinal));
        Assert.All(lines, line => JsonDocument.Parse(line).Dispose());
        Assert.All(lines, line => Assert.False(line.Contains("private words", StringComparison.Ordinal) || line.Contains("a-secret", StringComparison.Ordinal)));
        server.Dispose();
    }

    private static async Task<(TiercelProcess Server, string Url)> StartAsync(params string[] arguments)
    {
        TiercelProcess server = TiercelProcess.Start(["serve", "--port", "0", "--json", .. arguments]);
        string json = "";
        while (!json.EndsWith("}\n", StringComparison.Ordinal) && await server.Output.ReadLineAsync(TestContext.Current.CancellationToken) is string line)
        {
            json += line + "\n";
        }

        using JsonDocument started = JsonDocument.Parse(json);
        return (server, started.RootElement.GetProperty("url").GetString()!);
    }

    /// <summary>Starts a long stream and waits for its head, which comes with the first token.</summary>
    private static async Task<HttpResponseMessage> BeginAsync(HttpClient http, string url)
    {
        HttpRequestMessage request = new(HttpMethod.Post, $"{url}/v1/completions")
        {
            Content = new StringContent(Story, new MediaTypeHeaderValue("application/json")),
        };
        HttpResponseMessage answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return answer;
    }

    /// <summary>The signal takes a moment to arrive. Its state is asked for until then: a request would be counted among those that run.</summary>
    private static async Task WaitUntilRefusedAsync(HttpClient http, string url)
    {
        using CancellationTokenSource watchdog = new(TimeSpan.FromMinutes(2));
        string state = "";
        while (state != "draining")
        {
            using HttpResponseMessage health = await http.GetAsync($"{url}/health", watchdog.Token);
            state = JsonElement.Parse(await health.Content.ReadAsByteArrayAsync(watchdog.Token)).GetProperty("status").GetString()!;
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, watchdog.Token);
        }

        using HttpResponseMessage answer = await http.PostAsJsonAsync(
            $"{url}/v1/completions", new { model = "tiercel-tiny", prompt = "x", max_tokens = 1 }, watchdog.Token);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
    }

    /// <summary>A process started in the background of a shell without job control ignores SIGINT, and its children inherit that.</summary>
    private static void SkipWhereIgnored(string signal)
    {
        const string Key = "SigIgn:";
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("needs POSIX signals and /proc");
        }

        string mask = File.ReadLines("/proc/self/status").First(line => line.StartsWith(Key, StringComparison.Ordinal))[Key.Length..].Trim();
        bool ignored = (Convert.ToUInt64(mask, 16) & (signal == "INT" ? 1UL << 1 : 1UL << 14)) != 0;
        if (ignored)
        {
            Assert.Skip($"this process was started with SIG{signal} ignored");
        }
    }
}
