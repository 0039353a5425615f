namespace Tiercel.Gateway.Recovery;

/// <summary>A usable replica that a stream could go on at.</summary>
/// <param name="NumericsId">Of a Tiercel worker; null for a foreign engine.</param>
/// <param name="CanContinueMessage">A foreign engine that continues a partial message of the assistant.</param>
internal readonly record struct ResumeCandidate(int Replica, string? NumericsId, bool CanContinueMessage);
