namespace Tiercel.Gateway.Admission;

/// <summary>Whether a request may wait.</summary>
internal enum EnqueueOutcome
{
    Queued,

    /// <summary>All places are taken by requests that have more right to them.</summary>
    QueueFull,

    /// <summary>Its tenant has as many waiting as it may.</summary>
    TenantFull,

    /// <summary>Its deadline has passed.</summary>
    TooLate,
}
