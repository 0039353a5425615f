using Tiercel.Gateway.Admission;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Routing;
using Tiercel.Gateway.Upstreams;

namespace Tiercel.Gateway.Fleet;

/// <summary>One upstream of the fleet with what runs on it. Everything that changes is changed under the fleet's lock.</summary>
internal sealed class Replica(int id, string pool, UpstreamSettings settings, IUpstream upstream)
{
    private const int FirstAdaptiveLimit = 64;
    private const int LeastAdaptiveLimit = 4;

    /// <summary>Fleet-wide number, never used again.</summary>
    public int Id { get; } = id;

    public string Pool { get; } = pool;

    public string Name => Settings.Name;

    public UpstreamSettings Settings { get; private set; } = settings;

    public IUpstream Upstream { get; set; } = upstream;

    /// <summary>Takes the settings of a reload; kind and address are those it began with.</summary>
    public void Reconfigure(UpstreamSettings next)
    {
        Settings = next;
        Adaptive?.Bound(Math.Min(LeastAdaptiveLimit, next.MaxConcurrency), next.MaxConcurrency);
    }

    /// <summary>Speaks the worker protocol: exact resume, token comments, headers of ours.</summary>
    public bool IsTiercel => Settings.Kind is UpstreamKind.Tiercel or UpstreamKind.Embedded;

    /// <summary>What the worker told of itself; for foreign engines only id and name.</summary>
    public ReplicaDescription Description { get; set; } = new(id, settings.Name, settings.Kind != UpstreamKind.OpenAI);

    /// <summary>Generation of a Tiercel worker; null until it has told one.</summary>
    public string? Generation { get; set; }

    /// <summary>The generation whose death has been told; each is told once.</summary>
    public string? DeadGeneration { get; set; }

    /// <summary>Sequences that a Tiercel worker computes at one time; what is more would only wait where nobody can order it.</summary>
    public int? MaxSequences { get; set; }

    /// <summary>Requests that it may have at one time, whoever asks.</summary>
    public int Limit => Math.Min(Settings.MaxConcurrency, MaxSequences ?? int.MaxValue);

    /// <summary>
    /// What a foreign engine was found to take without letting requests wait; null for workers, which tell. It orders those that have no objective: those that
    /// have one are judged by the time they are predicted to take, which says more.
    /// </summary>
    public ConcurrencyLimit? Adaptive { get; } = settings.Kind == UpstreamKind.OpenAI
        ? new ConcurrencyLimit(FirstAdaptiveLimit, Math.Min(LeastAdaptiveLimit, settings.MaxConcurrency), settings.MaxConcurrency)
        : null;

    /// <summary>Attempts that run here.</summary>
    public HashSet<Attempt> Running { get; } = [];

    /// <summary>Fingerprints of requests whose attempts broke here a moment ago, with the time: had the worker died, they were there.</summary>
    public Queue<(UInt128 Body, TimeSpan At)> RecentlyBroken { get; } = [];

    /// <summary>No longer configured; running attempts end, nothing new comes.</summary>
    public bool Removed { get; set; }
}
