namespace Tiercel.Cli.Json;

/// <summary>What <c>tiercel config diff</c> says of two files.</summary>
/// <param name="NeedsRestart">Whether a reload would leave something for the next start.</param>
internal sealed record ComparedConfigurations(string Old, string New, bool NeedsRestart, IReadOnlyList<ConfigurationDifference> Changes);
