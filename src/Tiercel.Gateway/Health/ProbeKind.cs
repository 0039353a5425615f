namespace Tiercel.Gateway.Health;

/// <summary>What a probe asks.</summary>
internal enum ProbeKind
{
    /// <summary>Does anybody answer: <c>/health</c>, <c>/v1/models</c>, or <c>/internal/info</c> of a Tiercel worker.</summary>
    Health,

    /// <summary>Does the step loop move: one token, outside the queue. Tiercel workers only.</summary>
    Generate,
}
