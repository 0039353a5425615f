namespace Tiercel.Gateway.Health;

/// <summary>What the fleet thinks of a replica.</summary>
internal enum ReplicaState
{
    Ok,

    /// <summary>It came back a short while ago and is brought to its full share step by step; a single failure ejects it again.</summary>
    SlowStart,

    /// <summary>It shows no progress, or a connection to it failed, and nobody knows yet whether it is gone.</summary>
    Suspect,

    /// <summary>Its answers were bad; it is left alone for a time.</summary>
    Ejected,

    /// <summary>It finishes what it has and takes nothing new.</summary>
    Draining,

    /// <summary>Nobody is there, or probes fail.</summary>
    Down,
}
