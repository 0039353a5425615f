namespace Tiercel.Cli.Json;

internal sealed record ConfigurationProblem(int Line, int Column, string Path, string Reason);
