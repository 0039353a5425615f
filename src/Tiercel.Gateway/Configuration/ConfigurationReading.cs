namespace Tiercel.Gateway.Configuration;

/// <summary>What was made of a configuration file.</summary>
public sealed record ConfigurationReading
{
    /// <summary>The whole configuration, or null where <see cref="Errors"/> has something.</summary>
    public FleetConfiguration? Configuration { get; init; }

    public required IReadOnlyList<ConfigurationError> Errors { get; init; }

    /// <summary>What is allowed but looks like a mistake.</summary>
    public IReadOnlyList<ConfigurationError> Notes { get; init; } = [];

    /// <summary>The error for a process without an engine, where an upstream is the engine of the process; else null.</summary>
    public ConfigurationError? WantsEngine { get; init; }

    /// <summary>Every value in force by its path, the defaults included.</summary>
    public IReadOnlyDictionary<string, ConfigurationValue> Values { get; init; } = new Dictionary<string, ConfigurationValue>();

    /// <summary>The configuration, or an exception with all errors.</summary>
    /// <exception cref="ConfigurationInvalidException">There are errors.</exception>
    public FleetConfiguration Require() => Configuration ?? throw new ConfigurationInvalidException(Errors);
}
