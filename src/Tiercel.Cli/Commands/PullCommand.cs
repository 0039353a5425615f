using System.CommandLine;
using Spectre.Console;
using Tiercel.Cli.Json;
using Tiercel.Cli.ModelStore;
using Tiercel.Cli.Startup;
using Tiercel.Cli.Terminal;

namespace Tiercel.Cli.Commands;

/// <summary><c>tiercel pull</c>: fetches a model from the hub. An interrupted pull goes on where it stopped.</summary>
internal static class PullCommand
{
    public static Command Create(CliEnvironment environment)
    {
        Argument<string> model = new("MODEL") { Description = "user/repo, user/repo:QUANT or user/repo:FILE.gguf on the hub." };
        Option<bool> json = CommonOptions.Json();
        Command command = new("pull", "Fetches a model from the Hugging Face hub (HF_ENDPOINT: a mirror; HF_TOKEN: an access token).") { model, json };
        command.SetAction((parsed, _) => RunAsync(environment, parsed.GetValue(model)!, parsed.GetValue(json)));
        return command;
    }

    private static async Task<int> RunAsync(CliEnvironment environment, string name, bool json)
    {
        using Interrupts interrupts = new(environment);
        using HubClient hub = new(HubOptions.FromEnvironment(environment.Variable), environment.Time);
        ModelPuller puller = new(ModelFinder.Store(environment), hub);
        PullOutcome outcome;
        try
        {
            outcome = await PullAsync(environment, puller, name, interrupts.Token);
        }
        catch (OperationCanceledException)
        {
            throw new UserErrorException("interrupted; the same pull goes on from here", ExitCodes.Interrupted);
        }

        StoredModel model = outcome.Model;
        if (json)
        {
            CliJson.Write(environment, new PulledModel(model.Name, model.Path, model.Size, outcome.Fetched), CliJson.Default.PulledModel);
        }
        else
        {
            string what = outcome.Fetched == 0 ? "was here already" : $"{ByteSize.Format(model.Size)}, SHA-256 verified";
            environment.Output.WriteLine(TerminalText.OneLine($"{model.Name}: {what}, {model.Path}"));
        }

        return ExitCodes.Success;
    }

    /// <summary>Progress is for a person: a bar on a terminal, nothing in a log.</summary>
    private static Task<PullOutcome> PullAsync(CliEnvironment environment, ModelPuller puller, string name, CancellationToken cancellationToken)
    {
        if (!environment.ErrorIsTerminal || environment.Variable("TERM") == "dumb")
        {
            return puller.PullAsync(name, progress: null, cancellationToken);
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            Interactive = InteractionSupport.Yes,
            Out = new AnsiConsoleOutput(environment.Error),
        });
        return console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
            .StartAsync(context => puller.PullAsync(name, new Bar(context.AddTask(Markup.Escape(TerminalText.OneLine(name)))), cancellationToken));
    }

    private sealed class Bar(ProgressTask task) : IProgress<PullProgress>
    {
        public void Report(PullProgress value)
        {
            string rate = value.BytesPerSecond > 0 ? $", {ByteSize.Format((long)value.BytesPerSecond)}/s" : "";
            string left = value.Remaining is { } time ? $", {Left(time)} left" : "";
            string file = value.File[(value.File.LastIndexOf('/') + 1)..];
            task.MaxValue = Math.Max(1, value.Total);
            task.Value = value.Bytes;
            task.Description = Markup.Escape(TerminalText.OneLine($"{file}  {ByteSize.Format(value.Bytes)} of {ByteSize.Format(value.Total)}{rate}{left}"));
        }

        /// <summary>At most two units.</summary>
        private static string Left(TimeSpan time) => time switch
        {
            { TotalHours: >= 1 } => $"{(int)time.TotalHours} h {time.Minutes} min",
            { TotalMinutes: >= 1 } => $"{time.Minutes} min {time.Seconds} s",
            _ => $"{time.Seconds} s",
        };
    }
}
