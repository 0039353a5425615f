using Tiercel.Gateway.Routing;

namespace Tiercel.Simulation.Routing;

/// <summary>One run of <see cref="FleetTwin"/>.</summary>
internal sealed record TwinOptions
{
    public int Engines { get; init; } = 8;

    /// <summary>KV blocks of 512 tokens that each engine has.</summary>
    public int Blocks { get; init; } = 2500;

    /// <summary>Relative speeds, used in turn.</summary>
    public IReadOnlyList<double> Speeds { get; init; } = [1];

    public EngineTimes Times { get; init; } = new();

    /// <summary>How much faster than in the trace requests come.</summary>
    public double Load { get; init; } = 1;

    public PoolRouterOptions Router { get; init; } = new();

    /// <summary>Objective for the first token, seconds; null for none, so that nothing is refused.</summary>
    public double? TtftObjective { get; init; } = 5;

    /// <summary>Objective for the mean time of a token after that, seconds.</summary>
    public double TpotObjective { get; init; } = 0.1;

    /// <summary>Seconds between two reports of the engines' metrics.</summary>
    public double ReportInterval { get; init; } = 1;

    /// <summary>Seconds that an event of an engine takes to the gateway.</summary>
    public double Latency { get; init; } = 0.005;

    /// <summary>Requests a replica gets at one time at most.</summary>
    public int MaxConcurrency { get; init; } = 256;

    /// <summary>Whether engines tell how much of a prompt was cached.</summary>
    public bool TellsCachedTokens { get; init; } = true;
}
