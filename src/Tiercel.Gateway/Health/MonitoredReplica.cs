namespace Tiercel.Gateway.Health;

/// <summary>What health needs to know of a replica.</summary>
/// <param name="Id">Fleet-wide, never reused.</param>
/// <param name="Pool">Pool whose replicas it is compared with and ejected from.</param>
/// <param name="HasHeartbeat">It is a Tiercel worker and tells of its progress.</param>
/// <param name="IsLocal">Its address is on this machine, so that a refused connection is certain news.</param>
internal sealed record MonitoredReplica(int Id, string Pool, bool HasHeartbeat, bool IsLocal);
