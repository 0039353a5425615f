namespace Tiercel.Gateway.Configuration;

/// <summary>What is different between two configurations in one place.</summary>
/// <param name="Old">Null where it is new.</param>
/// <param name="New">Null where it is gone.</param>
/// <param name="NeedsRestart">Whether a running gateway takes it only at its next start.</param>
public sealed record ConfigurationChange(string Path, string? Old, string? New, bool NeedsRestart);
