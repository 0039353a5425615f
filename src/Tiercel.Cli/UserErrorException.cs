namespace Tiercel.Cli;

/// <summary>Something the user can put right; the message is the line they see.</summary>
internal sealed class UserErrorException(string message, int exitCode = ExitCodes.Failure) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
