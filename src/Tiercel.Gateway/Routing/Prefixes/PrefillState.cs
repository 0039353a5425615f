namespace Tiercel.Gateway.Routing;

internal enum PrefillState
{
    /// <summary>Sent, and no token has come: the replica is about to have it.</summary>
    Pending,

    /// <summary>Computed: the replica has it until it evicts it.</summary>
    Computed,

    /// <summary>The request failed before its first token: nothing is known.</summary>
    Lost,
}
