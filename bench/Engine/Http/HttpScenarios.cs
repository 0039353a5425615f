using Tiercel.Bench.Engine.Contenders;
using Tiercel.Bench.Engine.Measuring;

namespace Tiercel.Bench.Engine.Http;

/// <summary>What users do to a server.</summary>
internal sealed class HttpScenarios(HttpClient http, bool quick)
{
    private const int Outputs = 64;

    public IReadOnlyList<(string Name, Func<ServerProcess, Task<Figures>> Run)> All =>
    [
        ("http-closed-32", server => ClosedLoopAsync(server, 32, quick ? 1 : 3)),
        ("http-turns-16", server => TurnsAsync(server, 16, quick ? 2 : 6)),
        ("http-gap-4", server => GapAsync(server, 4, 3_300)),
    ];

    /// <summary>Users that ask again as soon as they are answered: a system prompt of about 300 tokens that all share, and 40 words of their own.</summary>
    private async Task<Figures> ClosedLoopAsync(ServerProcess server, int users, int rounds)
    {
        ChatMessage system = new("system", WordSource.Text(280, seed: 1));
        return await MeasureAsync(users, async user =>
        {
            List<(StreamTimes, int)> answers = [];
            for (int round = 0; round < rounds; round++)
            {
                ChatMessage question = new("user", WordSource.Text(40, 1000 + (user * 100) + round));
                (StreamTimes times, _, int tokens) = await ChatRequest.SendAsync(http, server, [system, question], Outputs);
                answers.Add((times, tokens));
            }

            return answers;
        });
    }

    /// <summary>Conversations that grow: each turn carries all turns before it.</summary>
    private async Task<Figures> TurnsAsync(ServerProcess server, int users, int turns)
        => await MeasureAsync(users, async user =>
        {
            List<(StreamTimes, int)> answers = [];
            List<ChatMessage> conversation = [new("system", WordSource.Text(60, seed: 2))];
            for (int turn = 0; turn < turns; turn++)
            {
                conversation.Add(new ChatMessage("user", WordSource.Text(40, 5000 + (user * 100) + turn)));
                (StreamTimes times, string text, int tokens) = await ChatRequest.SendAsync(http, server, conversation, Outputs);
                conversation.Add(new ChatMessage("assistant", text));
                answers.Add((times, tokens));
            }

            return answers;
        });

    /// <summary>The longest wait of running streams while a long prompt is taken in.</summary>
    private async Task<Figures> GapAsync(ServerProcess server, int streams, int words)
    {
        using CancellationTokenSource stop = new();
        using CountingGate started = new(streams * 16);
        List<Task<StreamTimes>> running = [.. Enumerable.Range(0, streams).Select(stream => RunAsync(stream))];
        await started.Passed;
        (StreamTimes arriving, _, _) = await ChatRequest.SendAsync(http, server, [new("user", WordSource.Text(words, seed: 3))], 1);
        long from = arriving.Start;
        long to = arriving.Tokens.Count > 0 ? arriving.Tokens[0] : Clock.Now;
        await stop.CancelAsync();
        StreamTimes[] times = await Task.WhenAll(running);
        return new Figures(1000 * times.Max(stream => stream.WorstGap(from, to)), new() { ["prompt s"] = Clock.Seconds(from, to) });

        async Task<StreamTimes> RunAsync(int stream)
        {
            List<long> pieces = [];
            long start = Clock.Now;
            try
            {
                await ChatRequest.SendAsync(http, server, [new("user", WordSource.Text(20, 10 + stream))], 4_000, () =>
                {
                    pieces.Add(Clock.Now);
                    started.Count();
                }, stop.Token);
            }
            catch (OperationCanceledException)
            {
                // They are ended when the long prompt has been answered.
            }

            return new StreamTimes(start, pieces);
        }
    }

    private static async Task<Figures> MeasureAsync(int users, Func<int, Task<List<(StreamTimes Times, int Tokens)>>> user)
    {
        long start = Clock.Now;
        List<(StreamTimes Times, int Tokens)>[] all = await Task.WhenAll(Enumerable.Range(0, users).Select(user));
        double seconds = Clock.SecondsSince(start);
        double[] first = [.. all.SelectMany(answers => answers).Where(answer => answer.Times.Tokens.Count > 0)
            .Select(answer => Clock.Seconds(answer.Times.Start, answer.Times.Tokens[0])).Order()];
        return new Figures(
            all.SelectMany(answers => answers).Sum(answer => answer.Tokens) / seconds,
            new() { ["ttft p50 s"] = first[first.Length / 2], ["ttft p99 s"] = first[first.Length * 99 / 100] });
    }
}
