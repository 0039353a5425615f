using System.Globalization;

namespace Tiercel.Bench.Engine;

/// <summary>The command line.</summary>
internal sealed record BenchOptions
{
    public const string Usage = """
        Tiercel.Bench.Engine [options]: Tiercel and llama.cpp side by side on this machine, as ratios.
          --rows A,B      only rows whose names begin so (--list shows them)
          --quick         shorter runs, two of each
          --repeat N      runs of each (default 5)
          --threads N     threads of both (default 2)
          --shape NAME    qwen3-0.6b (default) or llama-3.2-1b
          --models DIR    where models with random weights are kept (default: a folder of the system's temporary one)
          --real FILE     the real model (default: ../shared/models/real/smollm2-135m-instruct-q4_1.gguf, where it is)
          --peer DIR      llama.cpp's libraries; without it artifacts/peer is looked for
          --alone         Tiercel alone
          --http          the rows over HTTP: tiercel serve on the real model
          --saturation    throughput and waiting against offered load, over HTTP
          --program FILE  the program for them (default artifacts/tiercel/tiercel.dll, which ./tiercel builds)
          --peer-server F llama-server for them; without it Tiercel alone
          --out DIR       where the JSON goes (default bench/results); --out none for none
        """;

    public IReadOnlyList<string> Rows { get; private init; } = [];

    public bool Quick { get; private init; }

    public bool List { get; private init; }

    public bool Alone { get; private init; }

    public int Repeat { get; private init; } = 5;

    public int Threads { get; private init; } = 2;

    public string Shape { get; private init; } = "qwen3-0.6b";

    public string Models { get; private init; } = Path.Combine(Path.GetTempPath(), "tiercel-bench");

    public string Real { get; private init; } = Path.Combine("..", "shared", "models", "real", "smollm2-135m-instruct-q4_1.gguf");

    public string? Peer { get; private init; }

    public bool Http { get; private init; }

    public bool Saturation { get; private init; }

    public string Program { get; private init; } = Path.Combine("artifacts", "tiercel", "tiercel.dll");

    public string? PeerServer { get; private init; }

    public string Out { get; private init; } = Path.Combine("bench", "results");

    /// <exception cref="ArgumentException">An option is unknown or lacks its value.</exception>
    public static BenchOptions Parse(string[] args)
    {
        BenchOptions options = new();
        for (int i = 0; i < args.Length; i++)
        {
            string Value() => ++i < args.Length ? args[i] : throw new ArgumentException($"{args[i - 1]} needs a value");
            int Number() => int.TryParse(Value(), CultureInfo.InvariantCulture, out int number) && number > 0 ? number : throw new ArgumentException($"{args[i - 1]} needs a number above 0");
            options = args[i] switch
            {
                "--rows" => options with { Rows = Value().Split(',') },
                "--quick" => options with { Quick = true, Repeat = 2 },
                "--repeat" => options with { Repeat = Number() },
                "--threads" => options with { Threads = Number() },
                "--shape" => options with { Shape = Value() },
                "--models" => options with { Models = Value() },
                "--real" => options with { Real = Value() },
                "--peer" => options with { Peer = Value() },
                "--http" => options with { Http = true },
                "--saturation" => options with { Saturation = true },
                "--program" => options with { Program = Value() },
                "--peer-server" => options with { PeerServer = Value() },
                "--out" => options with { Out = Value() },
                "--alone" => options with { Alone = true },
                "--list" => options with { List = true },
                _ => throw new ArgumentException($"unknown option {args[i]}"),
            };
        }

        return options;
    }
}
