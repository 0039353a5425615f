namespace Tiercel.Gateway.Health;

/// <summary>How a probe ended.</summary>
internal enum ProbeResult
{
    Passed,

    /// <summary>Nobody listens at the address.</summary>
    Refused,

    /// <summary>An error, garbage, or nothing in time.</summary>
    Failed,
}
