namespace Tiercel.Gateway.Fleet;

/// <summary>What one attempt at a stream has to heed.</summary>
/// <param name="ReadsTokens">A Tiercel worker tells the tokens behind each event.</param>
/// <param name="SkipsRoles">The stream goes on in the middle, with an engine that begins anew: its role chunk is not for the client.</param>
/// <param name="KeepsText">The pool could continue the message elsewhere by its text.</param>
/// <param name="Identity">What the chunks of the stream say of themselves; null where all engines are told what to say.</param>
internal readonly record struct StreamTerms(bool ReadsTokens, bool SkipsRoles, bool KeepsText, ChunkIdentity? Identity = null);
