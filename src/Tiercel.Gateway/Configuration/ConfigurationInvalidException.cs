namespace Tiercel.Gateway.Configuration;

/// <summary>A configuration file was refused. The message has a line for each reason.</summary>
public sealed class ConfigurationInvalidException(IReadOnlyList<ConfigurationError> errors) : Exception(string.Join('\n', errors))
{
    public IReadOnlyList<ConfigurationError> Errors { get; } = errors;
}
