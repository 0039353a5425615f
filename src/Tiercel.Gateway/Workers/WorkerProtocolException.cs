namespace Tiercel.Gateway.Workers;

/// <summary>What calls itself a worker says something that no worker says.</summary>
internal sealed class WorkerProtocolException(string message) : IOException(message);
