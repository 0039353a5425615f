namespace Tiercel.Protocols.Writing;

/// <summary>What is the same in every chunk of an answer.</summary>
/// <param name="Id">Identity of the answer, <c>chatcmpl-…</c> or <c>cmpl-…</c>.</param>
/// <param name="CreatedUnixSeconds">When it was asked for; an integer on the wire, as strict clients require.</param>
/// <param name="Model">The served name.</param>
/// <param name="Fingerprint">Changes when the same request may give another answer.</param>
public sealed record AnswerHead(string Id, long CreatedUnixSeconds, string Model, string Fingerprint);
