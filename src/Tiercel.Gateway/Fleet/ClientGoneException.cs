namespace Tiercel.Gateway.Fleet;

/// <summary>
/// There is nobody to answer any more. The token that says so is set a moment after a write has found it out, so that it cannot be asked whether an exception
/// was about the client.
/// </summary>
internal sealed class ClientGoneException(string message) : OperationCanceledException(message);
