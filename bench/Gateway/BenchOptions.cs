using System.Globalization;

namespace Tiercel.Bench.Gateway;

/// <summary>What is measured, and where the programs are.</summary>
internal sealed record BenchOptions
{
    public const string Help = """
        Measures what the gateway costs, beside a bare Kestrel proxy, nginx and Portkey where they are, in one interleaved run.

        --tiercel FILE    tiercel.dll of a Release build (default: src/Tiercel.Cli/bin/Release/net10.0/tiercel.dll)
        --beside A=FILE,B=FILE  further builds of tiercel under names of their own (a tiercel.dll, or a program), measured in the same rounds
        --nginx FILE      the nginx program; left out when not given and not on the PATH
        --portkey DIR     folder of the npm package @portkey-ai/gateway; left out when not given
        --only A,B        contenders: proxy, tiercel, nginx, portkey, and names of --beside; direct calls are always measured
        --workloads A,B   small, sse, large, large-sse, huge, huge-sse (1, 100 and 400 KB bodies; sse: 64 events)
        --rounds N        rounds of each phase (default 5); --seconds S: length of a contender's turn in each (default 2)
        --connections N   connections of the throughput phase (default 32)
        --streams N       open streams of the memory phase (default 1000; 0: none)
        --out FILE        raw results as JSON
        """;

    public string Tiercel { get; init; } = "src/Tiercel.Cli/bin/Release/net10.0/tiercel.dll";

    public IReadOnlyList<(string Name, string File)> Beside { get; init; } = [];

    public string? Nginx { get; init; }

    public string? Portkey { get; init; }

    public IReadOnlyList<string> Only { get; init; } = [];

    public IReadOnlyList<string> Workloads { get; init; } = [];

    public int Rounds { get; init; } = 5;

    public double Seconds { get; init; } = 2;

    public int Connections { get; init; } = 32;

    public int Streams { get; init; } = 1000;

    public string? Out { get; init; }

    public static BenchOptions Parse(string[] args)
    {
        BenchOptions options = new();
        for (int i = 0; i + 1 < args.Length; i += 2)
        {
            string value = args[i + 1];
            options = args[i] switch
            {
                "--tiercel" => options with { Tiercel = value },
                "--beside" => options with { Beside = [.. value.Split(',').Select(one => one.Split('=', 2)).Select(pair => (pair[0], pair[1]))] },
                "--nginx" => options with { Nginx = value },
                "--portkey" => options with { Portkey = value },
                "--only" => options with { Only = value.Split(',') },
                "--workloads" => options with { Workloads = value.Split(',') },
                "--rounds" => options with { Rounds = int.Parse(value, CultureInfo.InvariantCulture) },
                "--seconds" => options with { Seconds = double.Parse(value, CultureInfo.InvariantCulture) },
                "--connections" => options with { Connections = int.Parse(value, CultureInfo.InvariantCulture) },
                "--streams" => options with { Streams = int.Parse(value, CultureInfo.InvariantCulture) },
                "--out" => options with { Out = value },
                _ => throw new ArgumentException($"unknown option {args[i]}; see --help"),
            };
        }

        return args.Length % 2 == 0 ? options : throw new ArgumentException($"{args[^1]} wants a value; see --help");
    }

    public bool Wants(string contender) => Only.Count == 0 || Only.Contains(contender);
}
