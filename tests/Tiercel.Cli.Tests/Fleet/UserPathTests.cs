using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Tiercel.Cli.Tests.Processes;
using Tiercel.Testing;

namespace Tiercel.Cli.Tests.Fleet;

/// <summary>What the README tells its reader to do under "A fleet in a minute", done with its own commands: a worker is killed while it answers, and the answer does not change.</summary>
[Collection(ProcessFleetGroup.Name)]
public sealed class UserPathTests
{
    private const string Launcher = "    ./tiercel ";

    [Fact]
    public async Task A_worker_of_the_readmes_fleet_is_killed_while_it_answers_and_the_answer_stays_the_same()
    {
        string[] section = Section("## A fleet in a minute");
        string[][] workers = [.. Commands(section, "worker")];
        string[] gatewayCommand = Assert.Single(Commands(section, "gateway"), command => command.Contains("--upstream"));
        string[] ports = [.. workers.Select(command => command[Array.IndexOf(command, "--port") + 1])];
        Assert.Equal(2, workers.Length);
        Assert.Contains("    sleep 1; kill -9 %1", section);

        // A gateway in the foreground would keep the terminal, and with it the jobs that can be named there.
        Assert.All(section.Where(line => line.StartsWith(Launcher, StringComparison.Ordinal) && !line.Contains("config", StringComparison.Ordinal)), line => Assert.EndsWith(" &", line, StringComparison.Ordinal));

        List<TiercelProcess> processes = [];
        try
        {
            // The ports of the README may be taken on a machine that runs tests; everything else is as it says. All are started in one go, as pasted lines are:
            // the gateway is there before the workers.
            Dictionary<string, (string Url, TiercelProcess Process)> started = [];
            for (int i = 0; i < workers.Length; i++)
            {
                IPEndPoint address = LoopbackAddress.Nobodys();
                string port = address.Port.ToString(CultureInfo.InvariantCulture);
                TiercelProcess worker = ProcessFleet.StartTrusted([.. workers[i].Select(word => word == ports[i] ? port : word), "--host", address.Address.ToString(), "--json"]);
                processes.Add(worker);
                started.Add($"http://127.0.0.1:{ports[i]}", ($"http://{address}", worker));
            }

            TiercelProcess gateway = ProcessFleet.StartTrusted([.. gatewayCommand.Select(word => started.TryGetValue(word, out var worker) ? worker.Url : word), "--port", "0", "--json"]);
            processes.Add(gateway);
            string url = await ProcessFleet.UrlOfAsync(gateway);
            using HttpClient http = new() { Timeout = TimeSpan.FromMinutes(5) };

            string body = BodyOf(section);
            string undisturbed = await StreamAsync(http, url, body, _ => { });
            Assert.EndsWith("data: [DONE]\n", undisturbed, StringComparison.Ordinal);
            Assert.True(undisturbed.Length > 2_000_000, $"an answer of {undisturbed.Length} characters may be over before its beginning is read");
            TiercelProcess? killed = null;
            string disturbed = await StreamAsync(http, url, body, routed =>
            {
                killed = started.Values.Single(worker => routed.StartsWith(new Uri(worker.Url).Authority, StringComparison.Ordinal)).Process;
                killed.Kill();
            });
            Assert.Equal(128 + 9, await killed!.WaitAsync());
            Assert.Equal(undisturbed, disturbed);

            // It was not over before the worker died.
            Assert.Contains("tiercel_gateway_resumes_total{", await http.GetStringAsync(new Uri($"{url}/metrics")), StringComparison.Ordinal);
        }
        finally
        {
            processes.ForEach(process => process.Dispose());
        }
    }

    /// <summary>The events of an answer, but for what differs from request to request.</summary>
    /// <param name="begun">Called at the first event, with the name of the worker that answers and why it was chosen.</param>
    private static async Task<string> StreamAsync(HttpClient http, string url, string body, Action<string> begun)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, $"{url}/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("x-tiercel-explain", "1");
        using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using StreamReader lines = new(await response.Content.ReadAsStreamAsync());
        StringBuilder events = new();
        Action<string>? first = begun;
        while (await lines.ReadLineAsync() is string line)
        {
            if (line.StartsWith("data: {", StringComparison.Ordinal))
            {
                JsonNode chunk = JsonNode.Parse(line[6..])!;
                chunk.AsObject().Remove("id");
                chunk.AsObject().Remove("created");
                events.Append(chunk.ToJsonString()).Append('\n');
                first?.Invoke(response.Headers.GetValues("x-tiercel-routed").Single());
                first = null;
            }
            else if (line.Length > 0 && !line.StartsWith(": ping", StringComparison.Ordinal))
            {
                events.Append(line).Append('\n');
            }
        }

        return events.ToString();
    }

    private static string[] Section(string heading)
    {
        string[] readme = File.ReadAllLines(Path.Combine(TestFiles.RepositoryRoot, "README.md"));
        return [.. readme.SkipWhile(line => line != heading).Skip(1).TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))];
    }

    private static IEnumerable<string[]> Commands(string[] section, string role) => section
        .Where(line => line.StartsWith(Launcher + role, StringComparison.Ordinal))
        .Select(line => line[Launcher.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(word => word != "&").ToArray());

    /// <summary>
    /// The body of the curl command, with a seed, since two requests without one are answered differently, and with log probabilities, which make the answer
    /// two megabytes long: it is not over before the client has read its beginning, even where this process gets little of the processor.
    /// </summary>
    private static string BodyOf(string[] section)
    {
        string line = Assert.Single(section, line => line.TrimStart().StartsWith("-d '", StringComparison.Ordinal));
        JsonNode body = JsonNode.Parse(line[(line.IndexOf('\'', StringComparison.Ordinal) + 1)..line.LastIndexOf('\'')])!;
        body["seed"] = 7;
        body["logprobs"] = true;
        body["top_logprobs"] = 20;
        return body.ToJsonString();
    }
}
