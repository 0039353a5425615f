namespace Tiercel.Gateway.Routing;

/// <summary>
/// How long the work of one model takes on one device. A step that computes <c>p</c> prompt tokens and has <c>d</c> running sequences takes
/// <c>DecodeBase + p * Prefill + d * DecodePerSequence</c> seconds.
/// </summary>
/// <param name="PrefillSecondsPerToken">Seconds for a prompt token.</param>
/// <param name="PrefillSecondsPerPair">Seconds for each earlier position that a prompt token attends to.</param>
/// <param name="DecodeBaseSeconds">Seconds of a step, whatever is in it.</param>
/// <param name="DecodeSecondsPerSequence">Seconds a step takes longer for each running sequence.</param>
internal sealed record ReplicaProfile(
    double PrefillSecondsPerToken,
    double PrefillSecondsPerPair,
    double DecodeBaseSeconds,
    double DecodeSecondsPerSequence)
{
    /// <summary>
    /// A middling accelerator with a model of a few billion parameters. Where a replica differs, its first answers correct it; only proportions
    /// between the terms matter until then.
    /// </summary>
    public static ReplicaProfile Default { get; } = new(1e-4, 0, 0.01, 2e-4);
}
