using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using Tiercel.Testing;

namespace Tiercel.Cli.Tests.Processes;

/// <summary>Two workers as users start them: what one began, the other ends, byte for byte.</summary>
public sealed partial class ResumeProcessTests
{
    private const string Secret = "the-secret-of-this-test";
    private const int Requests = 50;

    /// <summary>Requests at one time, so that they are computed in each other's company.</summary>
    private const int Lanes = 4;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Streams_cut_at_random_go_on_at_another_worker_and_one_survives_the_death_of_its_own()
    {
        using TiercelProcess first = Start();
        using TiercelProcess second = Start();
        using HttpClient one = await ClientAsync(first);
        using HttpClient other = await ClientAsync(second);
        Random random = new(20);
        (string Path, string Body, int Seed, int Cut)[] requests = [.. Enumerable.Range(0, Requests).Select(i => Draw(random, i))];
        int resumed = 0;
        await Task.WhenAll(Enumerable.Range(0, Lanes).Select(async lane =>
        {
            foreach ((string Path, string Body, int Seed, int Cut) request in requests.Where((_, i) => i % Lanes == lane))
            {
                await MoveAsync(request);
            }
        }));
        Assert.Equal(Requests, resumed);
        await SurviveDeathAsync(first, one, other);

        async Task MoveAsync((string Path, string Body, int Seed, int Cut) request)
        {
            List<string> whole = await ReadAsync(other, Ask(request.Path, request.Body, request.Seed), int.MaxValue);
            Assert.Equal("data: [DONE]", whole[^1]);
            int cut = 1 + (request.Cut % (whole.Count - 1));
            List<string> before = await ReadAsync(one, Ask(request.Path, request.Body, request.Seed), cut);
            List<string> after = await ReadAsync(
                other, Ask("/internal/resume", StreamCut.ResumeBody(request.Path, request.Body, before), request.Seed), int.MaxValue);
            AssertSame(whole, [.. before, .. after], $"{request.Body} cut after {cut} of {whole.Count}");
            Interlocked.Increment(ref resumed);
        }
    }

    private static async Task SurviveDeathAsync(TiercelProcess first, HttpClient one, HttpClient other)
    {
        const string Path = "/v1/completions";
        const string Body = """{"prompt":"Once upon a time","max_tokens":1500,"temperature":1.2,"ignore_eos":true,"stream":true,"n":12,"logprobs":5}""";
        List<string> whole = await ReadAsync(other, Ask(Path, Body, 1), int.MaxValue);
        using Process victim = Process.GetProcessById(first.Id);
        List<string> before = await ReadAsync(one, Ask(Path, Body, 1), int.MaxValue, events =>
        {
            if (events == 20)
            {
                // SIGKILL at once: another program to send it would take as long as the rest of the stream.
                victim.Kill();
            }
        });
        Assert.NotEqual(0, await first.WaitAsync());

        // What is larger than the buffers between them cannot have left the worker whole before the client read its twentieth event.
        Assert.True(whole.Sum(news => news.Length) > 5_000_000, "all of it may have found room on the way");
        Assert.InRange(before.Count, 20, whole.Count - 1);
        List<string> after = await ReadAsync(other, Ask("/internal/resume", StreamCut.ResumeBody(Path, Body, before), 1), int.MaxValue);
        AssertSame(whole, [.. before, .. after], $"killed after {before.Count} of {whole.Count}");
    }

    private static TiercelProcess Start() => TiercelProcess.StartWith(
        ("TIERCEL_CLUSTER_SECRET", Secret), "worker", "--port", "0", "--threads", "1", "--kv-memory", "64MiB");

    private static async Task<HttpClient> ClientAsync(TiercelProcess worker)
    {
        while (await worker.Output.ReadLineAsync(Cancellation) is string line)
        {
            if (Address().Match(line) is { Success: true } found)
            {
                SocketsHttpHandler handler = new() { MaxResponseDrainSize = 0, ResponseDrainTimeout = TimeSpan.Zero };
                HttpClient client = new(handler) { BaseAddress = new Uri(found.Value), Timeout = TimeSpan.FromMinutes(2) };
                client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Secret);
                return client;
            }
        }

        throw new InvalidOperationException($"the worker did not start: {await worker.ErrorAsync()}");
    }

    private static (string Path, string Body, int Seed, int Cut) Draw(Random random, int index)
    {
        string[] subjects = ["a fox", "the moon", "é, 漢 and 😀", "a very long river", "17 + 25"];
        string subject = subjects[random.Next(subjects.Length)];
        bool chat = random.Next(2) == 0;
        List<string> fields =
        [
            chat ? $"\"messages\":[{{\"role\":\"user\",\"content\":\"Tell me about {subject}.\"}}]" : $"\"prompt\":\"Once upon a time {subject} {index}\"",
            "\"stream\":true", $"\"max_tokens\":{random.Next(4, 40)}", $"\"temperature\":{random.Next(0, 20)}e-1", $"\"n\":{random.Next(1, 4)}",
        ];
        string[] extras =
        [
            "\"stop\":[\"e a\",\" the\",\"s \"]", "\"frequency_penalty\":0.6", "\"repetition_penalty\":1.3", "\"dry_multiplier\":0.8", "\"top_k\":20", "\"min_p\":0.02",
            "\"ignore_eos\":true", "\"stream_options\":{\"include_usage\":true}", chat ? "\"logprobs\":true,\"top_logprobs\":2" : "\"logprobs\":2", "\"min_tokens\":3",
            "\"seed\":7",
        ];
        fields.AddRange(extras.Where(_ => random.Next(3) == 0));
        return (chat ? "/v1/chat/completions" : "/v1/completions", $"{{{string.Join(',', fields)}}}", index, random.Next(1000));
    }

    private static HttpRequestMessage Ask(string path, string body, int seed)
    {
        HttpRequestMessage request = new(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("x-tiercel-id", $"answer-{seed}");
        request.Headers.Add("x-tiercel-created", "1700000000");
        request.Headers.Add("x-tiercel-seed", $"{seed}");
        request.Headers.Add("x-tiercel-tenant", $"tenant-{seed % 3}");
        request.Headers.Add("x-tiercel-tokens", "1");
        return request;
    }

    /// <summary>Reads whole events of a stream, at most so many, then closes the connection; a stream that breaks gives what came.</summary>
    private static async Task<List<string>> ReadAsync(HttpClient client, HttpRequestMessage request, int events, Action<int>? seen = null)
    {
        using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        Assert.True(response.IsSuccessStatusCode, response.IsSuccessStatusCode ? "" : await response.Content.ReadAsStringAsync(Cancellation));
        using StreamReader reader = new(await response.Content.ReadAsStreamAsync(Cancellation));
        List<string> read = [];
        List<string> lines = [];
        try
        {
            while (read.Count < events && await reader.ReadLineAsync(Cancellation) is string line)
            {
                if (line.Length > 0)
                {
                    lines.Add(line);
                    continue;
                }

                read.Add(string.Join('\n', lines));
                lines.Clear();
                seen?.Invoke(read.Count);
            }
        }
        catch (Exception broken) when (broken is IOException or HttpRequestException)
        {
            Assert.NotNull(seen);
        }

        return read;
    }

    private static void AssertSame(List<string> whole, List<string> joined, string what)
    {
        for (int choice = 0; choice < StreamCut.Choices(whole); choice++)
        {
            string expected = StreamCut.ChunksOf(whole, choice);
            string found = StreamCut.ChunksOf(joined, choice);
            Assert.True(expected == found, $"choice {choice} of {what}\nexpected:\n{expected}\nfound:\n{found}");
        }

        Assert.EndsWith(StreamCut.TailOf(whole), StreamCut.TailOf(joined), StringComparison.Ordinal);
    }

    [GeneratedRegex(@"http://[0-9.:]+", RegexOptions.CultureInvariant)]
    private static partial Regex Address();
}
