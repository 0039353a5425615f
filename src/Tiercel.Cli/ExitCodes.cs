namespace Tiercel.Cli;

/// <summary>What the program tells the shell.</summary>
internal static class ExitCodes
{
    public const int Success = 0;

    /// <summary>The command failed; one line on standard error says why.</summary>
    public const int Failure = 1;

    /// <summary>The command line itself was wrong.</summary>
    public const int Usage = 2;

    /// <summary>Ended by Ctrl-C, as shells count it: 128 + the number of SIGINT.</summary>
    public const int Interrupted = 130;
}
