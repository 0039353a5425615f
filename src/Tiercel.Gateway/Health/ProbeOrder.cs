namespace Tiercel.Gateway.Health;

/// <summary>A probe that is to be made now. Each is answered by exactly one <see cref="HealthBook.Probed"/>.</summary>
internal readonly record struct ProbeOrder(int Replica, ProbeKind Kind);
