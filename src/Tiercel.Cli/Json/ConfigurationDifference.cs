namespace Tiercel.Cli.Json;

/// <param name="Change"><c>added</c>, <c>removed</c> or <c>changed</c>.</param>
internal sealed record ConfigurationDifference(string Path, string Change, string? Old, string? New, bool NeedsRestart);
