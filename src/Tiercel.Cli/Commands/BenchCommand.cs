using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Tiercel.Cli.Benchmarks;
using Tiercel.Cli.Json;
using Tiercel.Cli.ModelStore;
using Tiercel.Cli.Startup;
using Tiercel.Cli.Terminal;
using Tiercel.Engine;

namespace Tiercel.Cli.Commands;

/// <summary><c>tiercel bench</c>: how fast a model runs on this machine, through the engine as it serves.</summary>
internal static class BenchCommand
{
    private const int MaxStreams = 1024;

    public static Command Create(CliEnvironment environment)
    {
        Argument<string?> model = CommonOptions.OptionalModel();
        Option<int> prompt = Count("--prompt-tokens", "Tokens of a prompt.", 512, 1 << 20);
        Option<int> output = Count("--output-tokens", "Tokens of an output.", 128, 1 << 20);
        Option<int> repetitions = Count("--repetitions", "Runs of each test; the median is shown.", 3, 100);
        Option<int[]> streams = new("--streams")
        {
            Description = "Numbers of requests at one time, such as 1,4,16. Default: 4,8.",
            HelpName = "N,N,…",
            CustomParser = ParseStreams,
        };
        Option<bool> json = CommonOptions.Json();
        Command command = new("bench", "Measures prefill, decode and many streams.") { model, prompt, output, streams, repetitions, json };
        EngineSettings settings = new(command);
        command.SetAction((parsed, _) => RunAsync(
            environment,
            parsed.GetValue(model),
            settings.Read(parsed),
            new BenchPlan(parsed.GetValue(prompt), parsed.GetValue(output), parsed.GetValue(streams) is { Length: > 0 } numbers ? numbers : [4, 8], parsed.GetValue(repetitions)),
            parsed.GetValue(json)));
        return command;
    }

    private static async Task<int> RunAsync(CliEnvironment environment, string? name, InferenceEngineOptions options, BenchPlan plan, bool json)
    {
        using Interrupts interrupts = new(environment);
        StoredModel model = ModelFinder.Find(environment, name);
        using LoadedEngine loaded = environment.LoadEngine(model.Path, options with { ModelName = model.Name }, environment.Time);
        BenchReport report = await new BenchRun(loaded, plan, environment.Time).RunAsync(interrupts.Token);
        if (json)
        {
            CliJson.Write(environment, report, CliJson.Default.BenchReport);
            return ExitCodes.Success;
        }

        environment.Output.WriteLine(TerminalText.OneLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Model} {report.WeightType}, {report.Parameters:N0} parameters, {report.Threads} threads, {report.KernelPath}; median of {report.Repetitions}")));
        TableWriter.Write(environment, ["TEST", "STREAMS", "TOKENS/S", "LOWEST", "HIGHEST"], report.Results.Select(result => (string[])
            [Describe(result, plan), Number(result.Streams, "0"), Number(result.TokensPerSecond, "0.0"), Number(result.Lowest, "0.0"), Number(result.Highest, "0.0")]));
        return ExitCodes.Success;
    }

    private static string Describe(BenchResult result, BenchPlan plan) =>
        result.Test == "prefill" ? $"prefill {plan.PromptTokens}" : $"{result.Test} {plan.OutputTokens}";

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static Option<int> Count(string name, string description, int value, int most)
    {
        Option<int> option = new(name) { Description = description, HelpName = "N", DefaultValueFactory = _ => value };
        option.Validators.Add(result => Limits.Require(result, 1, most));
        return option;
    }

    private static int[] ParseStreams(ArgumentResult result)
    {
        string[] parts = result.Tokens[0].Value.Split(',');
        int[] numbers = [.. parts.Select(part => int.TryParse(part, CultureInfo.InvariantCulture, out int number) ? number : 0)];
        if (numbers.Any(number => number is < 1 or > MaxStreams) || numbers.Length > 16)
        {
            result.AddError($"--streams takes up to 16 numbers from 1 to {MaxStreams}, such as 1,4,16");
        }

        return numbers;
    }
}
