using System.Globalization;
using Tiercel.Gateway.Routing;

namespace Tiercel.Bench.Replay;

/// <summary>What routing costs a request: fingerprints, decisions and bookkeeping, with a pool that remembers many long prompts.</summary>
internal static class DecisionCost
{
    private const int Rounds = 7;

    public static void Measure()
    {
        foreach (int kilobytes in (int[])[1, 16, 100, 400])
        {
            byte[] prompt = new byte[kilobytes * 1024];
            new Random(kilobytes).NextBytes(prompt);
            FingerprintKey key = FingerprintKey.From("key"u8);
            double seconds = Best(2000, _ => PromptFingerprint.Of(key, "tenant", "model", [], prompt));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"fingerprint of {kilobytes,3} KB: {seconds * 1e6,7:f2} us, {prompt.Length / seconds / 1e9:f1} GB/s"));
        }

        foreach (int replicas in (int[])[8, 64])
        {
            foreach (int turns in (int[])[1, 20])
            {
                Decisions(replicas, blocks: 800, turns);
            }
        }
    }

    /// <summary>Conversations of so many turns that end at so many blocks; each decision is for one that the pool knows, each send adds a new turn.</summary>
    private static void Decisions(int replicas, int blocks, int turns)
    {
        PoolRouter router = new(new PoolRouterOptions(), [.. Enumerable.Range(0, replicas).Select(i => new ReplicaDescription(i, $"r{i}") { KvTokens = 1 << 21 })], TimeSpan.Zero);
        ReplicaAvailability[] available = [.. Enumerable.Range(0, replicas).Select(i => new ReplicaAvailability(i))];
        Random random = new(1);
        ulong[][] talks = [.. Enumerable.Range(0, 200).Select(_ => Enumerable.Range(0, blocks + 2000).Select(_ => (ulong)random.NextInt64()).ToArray())];
        long id = 0;
        TimeSpan now = TimeSpan.Zero;
        foreach (ulong[] talk in talks)
        {
            for (int turn = 1; turn <= turns; turn++)
            {
                Serve(router, talk[..(blocks * turn / turns)], available, ref id, ref now);
            }
        }

        RouteQuery[] queries = [.. talks.Select(talk => Query(talk[..blocks], 1_000_000))];
        double choose = Best(2000, i => router.Choose(queries[i % queries.Length], available, now));
        int length = blocks;
        double whole = Best(200, i =>
        {
            length += i % 200 == 0 ? 1 : 0;
            Serve(router, talks[i % 200][..length], available, ref id, ref now);
        });
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{replicas,2} replicas, {blocks} blocks in {turns,2} turns: choose {choose * 1e6,6:f2} us; choose, sent, first token, ended {whole * 1e6,6:f2} us"));
    }

    private static void Serve(PoolRouter router, ulong[] prompt, ReplicaAvailability[] available, ref long id, ref TimeSpan now)
    {
        now += TimeSpan.FromSeconds(2);
        RouteDecision decision = router.Choose(Query(prompt, ++id), available, now);
        router.Sent(id, decision.Replica, now);
        router.FirstToken(id, now + TimeSpan.FromSeconds(1));
        router.Ended(id, new RouteEnd(true, prompt.Length * 128, prompt.Length * 120, 100), now + TimeSpan.FromSeconds(2));
    }

    private static RouteQuery Query(ulong[] prompt, long id) => new()
    {
        RequestId = id,
        Fingerprint = PromptFingerprint.FromBeginnings(prompt, prompt.Length * (long)PromptFingerprint.BlockBytes),
        PromptBytes = prompt.Length * (long)PromptFingerprint.BlockBytes,
    };

    /// <summary>Seconds a call takes in the best of a few rounds: the machine's other work is not what is measured.</summary>
    private static double Best(int calls, Action<int> call)
    {
        double best = double.PositiveInfinity;
        for (int round = 0; round < Rounds; round++)
        {
            long start = TimeProvider.System.GetTimestamp();
            for (int i = 0; i < calls; i++)
            {
                call(i);
            }

            best = Math.Min(best, TimeProvider.System.GetElapsedTime(start).TotalSeconds / calls);
        }

        return best;
    }
}
