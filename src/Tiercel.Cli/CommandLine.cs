using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Tiercel.Cli.Commands;
using Tiercel.Cli.ModelStore;
using Tiercel.Cli.Terminal;
using Tiercel.Engine;
using Tiercel.Engine.Chat;
using Tiercel.Engine.Formats;
using Tiercel.Engine.Templates;
using Tiercel.Gateway;
using Tiercel.Gateway.Metering.Ledger;
using Tiercel.Gateway.Configuration;

namespace Tiercel.Cli;

/// <summary>All commands, and the one place where an error becomes a line and an exit code.</summary>
internal static class CommandLine
{
    /// <summary>Runs the command that the arguments name.</summary>
    public static async Task<int> RunAsync(string[] args, CliEnvironment environment)
    {
        try
        {
            ParseResult parsed = Create(environment).Parse(args.Length == 0 ? ["--help"] : args);
            if (parsed.Errors.Count > 0 && parsed.Action is not HelpWithExamples)
            {
                throw new UserErrorException(Explain(parsed), ExitCodes.Usage);
            }

            if (FindMistypedOption(parsed) is string option)
            {
                throw new UserErrorException($"there is no option {option} (write -- before text that begins with a dash); see {NameOf(parsed)} --help", ExitCodes.Usage);
            }

            // Errors are told below, and each command decides itself what an interrupt means.
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                Output = environment.Output,
                Error = environment.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            });
        }
        catch (Exception error)
        {
            return Report(error, environment);
        }
    }

    /// <summary>The program's commands, for parsing and for whoever wants to go through them.</summary>
    internal static RootCommand Create(CliEnvironment environment)
    {
        RootCommand root = new("Tiercel serves large language models: an OpenAI-compatible server, a chat in the terminal, and the models behind them.")
        {
            ServeCommand.Create(environment),
            ServeCommand.CreateWorker(environment),
            GatewayCommand.Create(environment),
            RunCommand.Create(environment),
            PullCommand.Create(environment),
            ListCommand.Create(environment),
            ShowCommand.Create(environment),
            RemoveCommand.Create(environment),
            ProcessesCommand.Create(environment),
            BenchCommand.Create(environment),
            ConfigCommand.Create(environment),
            UsageCommand.Create(environment),
            TopCommand.Create(environment),
        };
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);
        return root;
    }

    private static string Explain(ParseResult parsed)
    {
        // Without a known command the parser complains of that first; the word it did not know says more.
        ParseError error = parsed.Errors[parsed.UnmatchedTokens.Count > 0 ? parsed.Errors.Count - 1 : 0];
        string message = string.Join(' ', TerminalText.OneLine(error.Message).Split(' ', StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.');

        // The parser speaks of System.Nullable and the like here.
        int type = message.IndexOf(" as expected type ", StringComparison.Ordinal);
        message = type < 0 ? message : message[..type];
        string option = error.SymbolResult is OptionResult result && !message.Contains(result.Option.Name, StringComparison.Ordinal) ? $"{result.Option.Name}: " : "";
        return $"{option}{message}; see {NameOf(parsed)} --help";
    }

    private static string NameOf(ParseResult parsed)
    {
        string name = "";
        for (SymbolResult? result = parsed.CommandResult; result is CommandResult { Command: not RootCommand } command; result = result.Parent)
        {
            name = $" {command.Command.Name}{name}";
        }

        return $"tiercel{name}";
    }

    /// <summary>The parser takes an option it does not know as a value where a value may stand. After <c>--</c> anything goes.</summary>
    private static string? FindMistypedOption(ParseResult parsed) =>
        parsed.Tokens.Any(token => token.Type == TokenType.DoubleDash)
            ? null
            : parsed.CommandResult.Children.OfType<ArgumentResult>()
                .SelectMany(argument => argument.Tokens)
                .Select(token => token.Value)
                .FirstOrDefault(text => text.Length > 1 && text[0] == '-' && !char.IsAsciiDigit(text[1]) && !text.Contains(' ', StringComparison.Ordinal));

    private static int Report(Exception error, CliEnvironment environment)
    {
        bool expected = error is UserErrorException or ModelStoreException or ModelFormatException or ModelDoesNotFitException or ChatTemplateException
            or InferenceException or GatewayConfigurationException or ConfigurationInvalidException or LedgerException or OperationCanceledException or IOException or UnauthorizedAccessException
            or HttpRequestException or NotSupportedException;
        string message = error switch
        {
            OperationCanceledException => "interrupted",
            _ when expected => error.Message,
            _ => $"internal error: {error.GetType().Name}: {error.Message} (TIERCEL_TRACE=1 shows where)",
        };
        foreach (string line in error is ConfigurationInvalidException invalid ? invalid.Errors.Select(one => one.ToString()) : [message])
        {
            environment.Error.WriteLine($"tiercel: {TerminalText.OneLine(line)}");
        }

        if (environment.Variable("TIERCEL_TRACE") == "1")
        {
            environment.Error.WriteLine(error);
        }

        return error switch
        {
            UserErrorException user => user.ExitCode,
            OperationCanceledException => ExitCodes.Interrupted,
            _ => ExitCodes.Failure,
        };
    }
}
