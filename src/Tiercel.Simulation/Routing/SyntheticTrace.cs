namespace Tiercel.Simulation.Routing;

/// <summary>Traces made from a seed, each with one trait that the recorded ones lack.</summary>
internal static class SyntheticTrace
{
    /// <summary>Tokens at which a conversation ends.</summary>
    private const int LongestTalk = 60_000;

    /// <summary>
    /// <c>unique</c>: nothing is shared. <c>decode</c>: short prompts, long answers. <c>shared</c>: 150 long system prompts with short questions.
    /// <c>bursts</c>: chat in which many requests come at once. <c>chat</c>: conversations of many turns. <c>short</c>: long prompts, answers of a few tokens.
    /// </summary>
    public static TraceRow[] Make(string kind, double seconds, int seed)
    {
        Random random = new(seed);
        List<TraceRow> rows = [];
        int fresh = 1_000_000;
        List<List<int>> talks = [];
        for (double at = 0; at < seconds;)
        {
            at += Gap(kind, random, rows.Count);
            (List<int> blocks, int input, int output) = kind switch
            {
                "unique" => (Blocks([], LogNormal(random, 8000, 0.8), ref fresh), 0, LogNormal(random, 250, 0.7)),
                "decode" => (Blocks([], LogNormal(random, 700, 0.6), ref fresh), 0, LogNormal(random, 1500, 0.5)),
                "short" => (Blocks([], LogNormal(random, 3000, 0.8), ref fresh), 0, LogNormal(random, 12, 0.7)),
                "shared" => (Blocks([.. Enumerable.Range(random.Next(150) * 100, 12)], 6144 + LogNormal(random, 1200, 0.3), ref fresh), 0, LogNormal(random, 400, 0.5)),
                _ => Turn(talks, random, ref fresh),
            };
            input = input == 0 ? blocks.Count * SimulatedEngine.BlockTokens - random.Next(SimulatedEngine.BlockTokens - 1) : input;
            rows.Add(new TraceRow(at, input, Math.Max(1, output), [.. blocks]));
        }

        return [.. rows];
    }

    /// <summary>Seconds to the next request, for about half of the fleet's capacity at load 1.</summary>
    private static double Gap(string kind, Random random, int made)
    {
        double mean = kind switch
        {
            "unique" => 0.3,
            "decode" => 0.12,
            "short" => 0.1,
            "shared" => 0.08,
            _ => 0.2,
        };
        return kind == "bursts" ? (made % 30 == 0 ? 30 * mean : 0.005) : -Math.Log(1 - random.NextDouble()) * mean;
    }

    private static (List<int> Blocks, int Input, int Output) Turn(List<List<int>> talks, Random random, ref int fresh)
    {
        if (talks.Count < 40 || random.Next(8) == 0)
        {
            talks.Add([]);
        }

        if (talks.Count > 80)
        {
            talks.RemoveAt(random.Next(talks.Count));
        }

        int which = random.Next(talks.Count);
        if (talks[which].Count * SimulatedEngine.BlockTokens > LongestTalk)
        {
            talks[which] = [];
        }

        talks[which] = Blocks(talks[which], talks[which].Count * SimulatedEngine.BlockTokens + LogNormal(random, 2500, 0.9), ref fresh);
        return (talks[which], 0, LogNormal(random, 350, 0.6));
    }

    private static List<int> Blocks(List<int> before, int tokens, ref int fresh)
    {
        List<int> blocks = [.. before];
        while (blocks.Count * SimulatedEngine.BlockTokens < tokens)
        {
            blocks.Add(fresh++);
        }

        return blocks;
    }

    /// <summary>A sample around a median.</summary>
    private static int LogNormal(Random random, double median, double sigma)
    {
        double normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        return (int)Math.Ceiling(Math.Min(120_000, median * Math.Exp(sigma * normal)));
    }
}
