namespace Tiercel.Gateway.Recovery;

/// <summary>How a broken stream goes on.</summary>
/// <param name="NumericsId">For the route query: only replicas of this id; null for any of <paramref name="Replicas"/>.</param>
/// <param name="Replicas">Where it can go on; the stream's own replica only when no other is left.</param>
/// <param name="MaxTokens">With <see cref="ResumeKind.ContinueMessage"/>: tokens that are left, at least 1; null for no limit.</param>
/// <param name="Reason">Why; with <see cref="ResumeKind.Fail"/> the text of the error event.</param>
internal readonly record struct ResumePlan(ResumeKind Kind, string? NumericsId, int[] Replicas, int? MaxTokens, string Reason)
{
    public static ResumePlan Make(in ResumeQuestion question) => throw new NotSupportedException();
}
