namespace Tiercel.Cli.Json;

/// <summary>What <c>tiercel config check</c> says of a file.</summary>
internal sealed record CheckedConfiguration
{
    public required string File { get; init; }

    public required bool Valid { get; init; }

    /// <summary>First digits of the file's SHA-256; null where it is not valid.</summary>
    public string? Version { get; init; }

    public required IReadOnlyList<ConfigurationProblem> Errors { get; init; }

    /// <summary>What is allowed but looks like a mistake.</summary>
    public required IReadOnlyList<ConfigurationProblem> Notes { get; init; }

    /// <summary>Every value in force by its path, the defaults included; secrets by their references.</summary>
    public required IReadOnlyDictionary<string, string> Values { get; init; }
}
