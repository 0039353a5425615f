using System.Text;
using Tiercel.Cli.Terminal;
using Tiercel.Engine.Chat;
using Tiercel.Engine.Templates;

namespace Tiercel.Cli.Chat;

/// <summary>
/// The conversation at the terminal: lines, <c>"""</c> around several lines, and commands that begin with a slash. Ctrl-C ends an answer; at the
/// prompt it says how to leave, and the second time leaves.
/// </summary>
internal sealed class ChatLoop(ChatSession session, ChatCommands commands, CliEnvironment environment)
{
    private const string Fence = "\"\"\"";

    /// <summary>Longest message in characters.</summary>
    private const int MaxMessageChars = 16 << 20;

    private CancellationTokenSource? _answering;
    private bool _warned;

    /// <summary>Runs until <c>/bye</c> or the end of the input.</summary>
    public async Task RunAsync()
    {
        using IDisposable registration = environment.OnInterrupt(OnInterrupt);
        while (ReadMessage() is string message)
        {
            _warned = false;
            if (message.StartsWith('/'))
            {
                if (!commands.Execute(message))
                {
                    return;
                }
            }
            else if (message.Trim().Length > 0)
            {
                await AnswerAsync(message);
            }
        }

        environment.Output.WriteLine();
    }

    private async Task AnswerAsync(string message)
    {
        using CancellationTokenSource answering = new();
        Volatile.Write(ref _answering, answering);
        try
        {
            ChatTurn turn = await session.AskAsync(message, Write, answering.Token);
            environment.Output.WriteLine();
            if (commands.Verbose)
            {
                TurnReport.Write(environment.Error, turn);
            }

            environment.Output.WriteLine();
        }
        catch (Exception error) when (error is InferenceException or ChatTemplateException)
        {
            environment.Error.WriteLine($"tiercel: {TerminalText.OneLine(error.Message)}");
            if (session.MessageCount > 0)
            {
                environment.Error.WriteLine("/clear begins a new conversation.");
            }
        }
        finally
        {
            Volatile.Write(ref _answering, null);
        }
    }

    private void Write(string text)
    {
        environment.Output.Write(environment.ForOutput(text));
        environment.Output.Flush();
    }

    private void OnInterrupt()
    {
        if (Volatile.Read(ref _answering) is { } answering)
        {
            answering.Cancel();
        }
        else if (_warned)
        {
            environment.Exit(ExitCodes.Interrupted);
        }
        else
        {
            _warned = true;
            environment.Output.Write("\nCtrl-D or /bye to leave.\n>>> ");
        }
    }

    /// <summary>The next line, or the lines between two fences; null at the end of the input.</summary>
    private string? ReadMessage()
    {
        environment.Output.Write(">>> ");
        string? line = environment.Input.ReadLine();
        string? start = line?.TrimStart();
        if (start?.StartsWith(Fence, StringComparison.Ordinal) != true)
        {
            return line;
        }

        StringBuilder message = new();
        string? rest = start[Fence.Length..];
        while (rest is not null && !rest.TrimEnd().EndsWith(Fence, StringComparison.Ordinal))
        {
            message.Append(rest).Append('\n');
            if (message.Length > MaxMessageChars)
            {
                throw new UserErrorException($"a message may have at most {MaxMessageChars} characters");
            }

            environment.Output.Write("... ");
            rest = environment.Input.ReadLine();
        }

        return message.Append(rest?.TrimEnd()[..^Fence.Length]).ToString().Trim('\n');
    }
}
