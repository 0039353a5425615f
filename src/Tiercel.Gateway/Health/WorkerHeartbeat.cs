namespace Tiercel.Gateway.Health;

/// <summary>What a Tiercel worker's status event says about its step loop.</summary>
/// <param name="Generation">Made anew at each start of the worker.</param>
/// <param name="Steps">Steps completed since its start.</param>
/// <param name="Requests">Requests that run or wait there.</param>
/// <param name="Draining">It takes nothing new.</param>
internal readonly record struct WorkerHeartbeat(string Generation, long Steps, int Requests, bool Draining);
