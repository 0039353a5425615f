namespace Tiercel.Gateway.Telemetry;

/// <summary>How a request ended, as its client sees it.</summary>
internal enum RequestOutcome
{
    Ok,

    /// <summary>Refused before any engine saw it.</summary>
    Refused,

    Error,

    /// <summary>The client went away.</summary>
    Cancelled,
}
