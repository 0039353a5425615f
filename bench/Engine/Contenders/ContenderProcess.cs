using System.Globalization;
using System.Text.Json;
using Tiercel.Bench.Engine.Measuring;

namespace Tiercel.Bench.Engine.Contenders;

/// <summary>The side of a contender's own process: loads it, then runs what the lines on its input ask for. Each engine has its process, so that neither's waiting threads disturb the other.</summary>
internal static class ContenderProcess
{
    /// <summary>Arguments: <c>--contender tiercel|PEER-FOLDER MODEL THREADS CACHE-TOKENS</c>.</summary>
    public static int Run(string[] args)
    {
        int threads = int.Parse(args[3], CultureInfo.InvariantCulture);
        int cacheTokens = int.Parse(args[4], CultureInfo.InvariantCulture);
        long start = Clock.Now;
        using IContender contender = args[1] == "tiercel" ? new TiercelContender(args[2], threads, cacheTokens) : new LlamaContender(args[1], args[2], threads);
        contender.Prefill(8);
        Answer(new Figures(Clock.SecondsSince(start)));
        while (Console.ReadLine() is { Length: > 0 } line)
        {
            string[] words = line.Split(' ');
            int[] numbers = [.. words.Skip(1).Select(word => int.Parse(word, CultureInfo.InvariantCulture))];
            Answer(Measure(contender, args[2], words[0], numbers));
        }

        return 0;
    }

    private static Figures Measure(IContender contender, string model, string what, int[] numbers) => what switch
    {
        "decode" => contender.Decode(numbers[0], numbers[1]),
        "prefill" => contender.Prefill(numbers[0]),
        "streams" => contender.Streams(numbers[0], numbers[1], numbers[2]),
        "shared" => contender.Shared(numbers[0], numbers[1], numbers[2], numbers[3]),
        "gap" => contender.Gap(numbers[0], numbers[1]),
        "memory" => contender.Memory(numbers[0]),
        "tokenize" => contender.Tokenize(numbers[0] == 0 ? BenchTexts.Markdown(model) : BenchTexts.PlainWords(model)),
        _ => throw new ArgumentException($"no measurement '{what}'", nameof(what)),
    };

    private static void Answer(Figures figures) => Console.WriteLine(JsonSerializer.Serialize(figures));
}
