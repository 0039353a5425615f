namespace Tiercel.Gateway.Configuration;

/// <summary>A value in force.</summary>
/// <param name="Text">In the spelling of the file; a secret by its reference.</param>
/// <param name="NeedsRestart">Whether a running gateway takes a change of it only at its next start.</param>
public sealed record ConfigurationValue(string Text, bool NeedsRestart)
{
    /// <summary>Whether the file says nothing of it.</summary>
    public bool IsDefault { get; init; }

    /// <summary>Whether it stands for a named thing, such as an upstream, whose own values follow below its path.</summary>
    public bool IsEntry { get; init; }
}
