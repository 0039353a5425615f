using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Tiercel.Bench.Overload;

/// <summary>Sends requests: closed (each client waits for its answer) or open (they come whatever happens to those before).</summary>
internal sealed class Load(BenchFleet fleet, int tokens, double objective)
{
    private readonly Random _random = new(1);
    private readonly Random _lengths = new(2);
    private int _number;
    private int _served;

    /// <summary>Answers in all.</summary>
    public int Served => _served;

    /// <returns>Answers a second, of those that were whole within the time.</returns>
    public async Task<double> PeakAsync(int clients, double seconds)
    {
        long start = TimeProvider.System.GetTimestamp();
        int served = 0;
        await Task.WhenAll(Enumerable.Range(0, clients).Select(async _ =>
        {
            while (TimeProvider.System.GetElapsedTime(start).TotalSeconds < seconds)
            {
                Answered answer = await AskAsync("calm");
                if (answer.Ttft is not null && TimeProvider.System.GetElapsedTime(start).TotalSeconds < seconds)
                {
                    Interlocked.Increment(ref served);
                }
            }
        }));
        return served / seconds;
    }

    /// <summary>Two tenants, each at its rate, at random times.</summary>
    public async Task<LoadResult> RunAsync(double calm, double flood, double seconds)
    {
        ConcurrentBag<Answered> answers = [];
        List<Task> running = [];
        long start = TimeProvider.System.GetTimestamp();
        using CancellationTokenSource over = new();
        Task<int> watching = LongestQueueAsync(over.Token);
        double next = 0;
        while (next < seconds)
        {
            next += -Math.Log(1 - _random.NextDouble()) / (calm + flood);
            string tenant = _random.NextDouble() < calm / (calm + flood) ? "calm" : "flood";
            double wait = next - TimeProvider.System.GetElapsedTime(start).TotalSeconds;
            if (wait > 0.001)
            {
                await Task.Delay(TimeSpan.FromSeconds(wait), TimeProvider.System, CancellationToken.None);
            }

            running.Add(NoteAsync(answers, tenant, start));
        }

        await Task.WhenAll(running);
        await over.CancelAsync();
        return new LoadResult(calm + flood, seconds, objective, [.. answers], await watching);
    }

    private async Task<int> LongestQueueAsync(CancellationToken over)
    {
        int longest = 0;
        while (!over.IsCancellationRequested)
        {
            longest = Math.Max(longest, await fleet.QueueLengthAsync());
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
        }

        return longest;
    }

    private async Task NoteAsync(ConcurrentBag<Answered> answers, string tenant, long start)
    {
        double began = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        Answered answer = await AskAsync(tenant);
        answers.Add(answer with { Began = began, Ended = TimeProvider.System.GetElapsedTime(start).TotalSeconds });
    }

    /// <summary>Half to one and a half times the length: answers of one length that begin together end together, and places become free in bursts that no traffic knows.</summary>
    private int Length()
    {
        lock (_lengths)
        {
            return (int)(tokens * (0.5 + _lengths.NextDouble()));
        }
    }

    private async Task<Answered> AskAsync(string tenant)
    {
        string body = $$"""
            {"model":"tiercel-tiny","stream":true,"max_tokens":{{Length()}},"ignore_eos":true,"messages":[{"role":"user","content":"Tell me a story, number {{Interlocked.Increment(ref _number)}}."}]}
            """;
        using HttpRequestMessage request = new(HttpMethod.Post, $"{fleet.Url}/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", $"{tenant}-key");
        long start = TimeProvider.System.GetTimestamp();
        using HttpResponseMessage response = await fleet.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (!response.IsSuccessStatusCode)
        {
            bool refused = response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable && response.Headers.RetryAfter is not null;
            return new Answered(tenant, null, refused ? TimeProvider.System.GetElapsedTime(start).TotalSeconds : null);
        }

        using StreamReader lines = new(await response.Content.ReadAsStreamAsync());
        double? first = null;
        bool done = false;
        while (await lines.ReadLineAsync() is string line)
        {
            first ??= line.Contains("\"content\":\"", StringComparison.Ordinal) && !line.Contains("\"content\":\"\"", StringComparison.Ordinal)
                ? TimeProvider.System.GetElapsedTime(start).TotalSeconds
                : null;
            done |= line == "data: [DONE]";
        }

        _ = done ? Interlocked.Increment(ref _served) : 0;
        return new Answered(tenant, done ? first : null, null);
    }
}
