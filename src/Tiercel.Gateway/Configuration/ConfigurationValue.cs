namespace Tiercel.Gateway.Configuration;

/// <summary>A value in force.</summary>
/// <param name="Text">In the spelling of the file; a secret by its reference.</param>
/// <param name="NeedsRestart">Whether a running gateway takes a change of it only at its next start.</param>
public sealed record ConfigurationValue(string Text, bool NeedsRestart);
