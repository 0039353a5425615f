using Tiercel.Gateway.Configuration;

namespace Tiercel.Simulation.Chaos;

/// <summary>A world and its troubles. All of it follows from the seed, unless it is set otherwise to find the least that fails.</summary>
internal sealed record ChaosOptions
{
    public required int Seed { get; init; }

    public required int Workers { get; init; }

    /// <summary>The workers are foreign engines: no heartbeats, no tokens, no exact resume.</summary>
    public bool Foreign { get; init; }

    /// <summary>Foreign engines continue a partial message.</summary>
    public bool ContinueMessage { get; init; }

    /// <summary>Kinds of workers that compute differently.</summary>
    public int NumericsIds { get; init; } = 1;

    public ResumeFallback Fallback { get; init; }

    public RoutingPolicyKind Policy { get; init; }

    public int Tenants { get; init; } = 2;

    public int Requests { get; init; } = 20;

    public int MaxChoices { get; init; } = 2;

    /// <summary>Tokens of the longest answers.</summary>
    public int MaxTokens { get; init; } = 40;

    /// <summary>Blocks of a worker's cache, of 8 tokens each.</summary>
    public int Blocks { get; init; } = 128;

    /// <summary>Requests that one worker gets at one time.</summary>
    public int Limit { get; init; } = 8;

    public int QueueLength { get; init; } = 16;

    public double RetriesPerSecond { get; init; } = 10;

    public int FailuresToEject { get; init; } = 5;

    /// <summary>A second worker is asked where the first is late.</summary>
    public bool Hedge { get; init; }

    /// <summary>Tokens that are remembered of a stream.</summary>
    public int JournalTokens { get; init; } = 1 << 20;

    /// <summary>One way over the network.</summary>
    public TimeSpan Latency { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>A decode step with nothing in it.</summary>
    public TimeSpan StepTime { get; init; } = TimeSpan.FromMilliseconds(20);

    public Faults Faults { get; init; }

    /// <summary>Faults that are injected during the safety phase.</summary>
    public int Incidents { get; init; }

    /// <summary>How long anything may go wrong.</summary>
    public TimeSpan SafetyPhase { get; init; } = TimeSpan.FromSeconds(12);

    /// <summary>How long everything may take once all faults are healed.</summary>
    public TimeSpan LivenessPhase { get; init; } = TimeSpan.FromSeconds(120);

    public Defect Defect { get; init; }

    /// <summary>The options of a seed.</summary>
    public static ChaosOptions Draw(int seed)
    {
        Random random = new(seed);
        Faults faults = Faults.None;
        foreach (Faults fault in Enum.GetValues<Faults>())
        {
            faults |= random.Next(3) == 0 ? fault : Faults.None;
        }

        bool foreign = random.Next(8) == 0;
        return new ChaosOptions
        {
            Seed = seed,
            Workers = random.Next(1, 6),
            Foreign = foreign,
            ContinueMessage = random.Next(2) == 0,
            NumericsIds = random.Next(4) == 0 ? 2 : 1,
            Fallback = (ResumeFallback)random.Next(2),
            Policy = (RoutingPolicyKind)random.Next(Enum.GetValues<RoutingPolicyKind>().Length),
            Tenants = random.Next(1, 4),
            Requests = random.Next(5, 40),
            MaxChoices = foreign ? 1 : random.Next(1, 4),
            MaxTokens = random.Next(1, 110),
            Blocks = faults.HasFlag(Faults.TightMemory) ? 34 : 160,
            Limit = random.Next(1, 9),
            QueueLength = random.Next(1, 20),
            RetriesPerSecond = random.Next(3) == 0 ? 0.3 : 10,
            FailuresToEject = random.Next(1, 6),
            JournalTokens = random.Next(6) == 0 ? random.Next(5, 40) : 1 << 20,
            Latency = TimeSpan.FromMilliseconds(0.1 + (20 * Math.Pow(random.NextDouble(), 3))),
            StepTime = TimeSpan.FromMilliseconds(5 + (60 * random.NextDouble())),
            Faults = faults,
            Incidents = random.Next(1, 12),
            Hedge = random.Next(3) == 0,
        };
    }
}
