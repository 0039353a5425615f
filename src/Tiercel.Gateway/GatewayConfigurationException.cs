namespace Tiercel.Gateway;

/// <summary>Options that contradict each other or are not safe; the message is one line for a person.</summary>
public sealed class GatewayConfigurationException(string message) : Exception(message);
