namespace Tiercel.Simulation.Overload;

/// <summary>What one tenant asks for.</summary>
/// <param name="Rate">Requests a second, at random times.</param>
/// <param name="FloodTimes">How many times more requests come from <see cref="OverloadOptions.FloodAt"/> on.</param>
internal sealed record TenantLoad(string Name, double Rate, double FloodTimes = 1);
