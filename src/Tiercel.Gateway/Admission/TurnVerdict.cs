namespace Tiercel.Gateway.Admission;

/// <summary>What the owner of a queue says of the request whose turn it is.</summary>
internal enum TurnVerdict
{
    /// <summary>Run it.</summary>
    Run,

    /// <summary>It cannot run now; the next tenant's that is as urgent may. Its tenant keeps the turn.</summary>
    Skip,

    /// <summary>Nothing can run now.</summary>
    Stop,
}
