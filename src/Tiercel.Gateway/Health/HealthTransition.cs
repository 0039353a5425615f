namespace Tiercel.Gateway.Health;

/// <summary>A replica's state changed; <paramref name="Reason"/> is for logs and people.</summary>
internal readonly record struct HealthTransition(int Replica, ReplicaState From, ReplicaState To, string Reason, TimeSpan At);
