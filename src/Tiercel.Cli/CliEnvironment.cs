using System.Security.Cryptography;
using System.Text;
using Tiercel.Cli.Startup;
using Tiercel.Cli.Terminal;

namespace Tiercel.Cli;

/// <summary>Everything outside the program that commands touch, so that a test can stand in for it.</summary>
internal sealed record CliEnvironment
{
    public required TextReader Input { get; init; }

    /// <summary>Results only; what else there is to say goes to <see cref="Error"/>.</summary>
    public required TextWriter Output { get; init; }

    public required TextWriter Error { get; init; }

    /// <summary>Whether a person types; otherwise standard input is read to its end.</summary>
    public bool InputIsTerminal { get; init; }

    /// <summary>Whether a person reads; otherwise output is plain and unaltered.</summary>
    public bool OutputIsTerminal { get; init; }

    public bool ErrorIsTerminal { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>Reads an environment variable.</summary>
    public required Func<string, string?> Variable { get; init; }

    public required EngineLoader LoadEngine { get; init; }

    /// <summary>Calls the action at each SIGINT and SIGTERM until disposed.</summary>
    public required Func<Action, IDisposable> OnInterrupt { get; init; }

    /// <summary>Calls the action at each SIGHUP until disposed, where the system knows it; otherwise it ends the process.</summary>
    public required Func<Action, IDisposable> OnHangUp { get; init; }

    /// <summary>Ends the process at once.</summary>
    public required Action<int> Exit { get; init; }

    /// <summary>Draws a seed for a generation that has none.</summary>
    public required Func<ulong> DrawSeed { get; init; }

    /// <summary>Has sockets' waits go on where they end, for a role that never blocks; tells whether it is so.</summary>
    public Func<bool> ClaimSocketThreads { get; init; } = () => false;

    /// <summary>The one of this process.</summary>
    public static CliEnvironment OfProcess()
    {
        Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        Console.InputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        return new CliEnvironment
        {
            Input = Console.In,
            Output = Console.Out,
            Error = Console.Error,
            InputIsTerminal = !Console.IsInputRedirected,
            OutputIsTerminal = !Console.IsOutputRedirected,
            ErrorIsTerminal = !Console.IsErrorRedirected,
            Time = TimeProvider.System,
            Variable = Environment.GetEnvironmentVariable,
            LoadEngine = EngineLoading.Load,
            OnInterrupt = ProcessSignals.Listen,
            OnHangUp = ProcessSignals.ListenToHangUps,
            Exit = Environment.Exit,
            ClaimSocketThreads = SocketThreads.Claim,
            DrawSeed = () => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))),
        };
    }

    /// <summary>Text from a model or a file, made safe for where the output goes.</summary>
    public string ForOutput(string text) => OutputIsTerminal ? TerminalText.Strip(text) : text;
}
