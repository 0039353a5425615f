namespace Tiercel.Gateway.Health;

/// <summary>Whether a replica can be used now.</summary>
/// <param name="Weight">Share of new requests that it should get, 0 to 1; 0 for none.</param>
/// <param name="Panic">It is used although its state speaks against it, because too few others are left.</param>
internal readonly record struct ReplicaHealth(int Replica, ReplicaState State, double Weight, bool Panic = false)
{
    public bool IsUsable => Weight > 0;
}
