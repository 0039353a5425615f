namespace Tiercel.Gateway.Routing;

/// <summary>Whether a replica can be used now. Replicas that are not named cannot.</summary>
/// <param name="Weight">From 0 (not at all) to 1 (full share): what health and slow start say.</param>
/// <param name="AtLimit">It has as many requests as it may have.</param>
internal readonly record struct ReplicaAvailability(int Replica, double Weight = 1, bool AtLimit = false);
