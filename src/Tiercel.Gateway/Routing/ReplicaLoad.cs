namespace Tiercel.Gateway.Routing;

/// <summary>What this gateway has under way on a replica. Each number is a sum over its requests: never negative, 0 when none is left.</summary>
/// <param name="Requests">All requests sent and not ended.</param>
/// <param name="Waiting">Those of them whose first token has not come.</param>
/// <param name="PendingPromptTokens">Prompt tokens predicted to be computed yet.</param>
/// <param name="KvTokens">Tokens that the requests will have in the KV memory at their ends, as predicted.</param>
internal readonly record struct ReplicaLoad(int Requests, int Waiting, long PendingPromptTokens, long KvTokens);
