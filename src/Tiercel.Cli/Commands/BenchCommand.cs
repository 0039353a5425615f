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
    private const int MaxTokens = 1 << 20;

    public static Command Create(CliEnvironment environment)
    {
        BenchPlan usual = BenchPlan.Default;
        Argument<string?> model = CommonOptions.OptionalModel();
        Option<int[]> prompts = Counts("--prompt-tokens", "Lengths of prompts to read.", usual.Prompts, MaxTokens);
        Option<int[]> contexts = Counts("--contexts", "Tokens of context to decode one stream at.", usual.Contexts, MaxTokens);
        Option<int[]> streams = Counts("--streams", "Numbers of requests at one time.", usual.Streams, MaxStreams);
        Option<int> output = Count("--output-tokens", "Tokens to decode; of many streams, by each.", usual.OutputTokens, MaxTokens);
        Option<int> repetitions = Count("--repetitions", "Runs of each test; the median is shown.", usual.Repetitions, 100);
        Option<bool> json = CommonOptions.Json();
        Command command = new("bench", "Measures loading, prefill, decode and many streams.") { model, prompts, contexts, output, streams, repetitions, json };
        EngineSettings settings = new(command);
        command.SetAction((parsed, _) =>
        {
            int[] askedPrompts = parsed.GetValue(prompts) ?? [];
            int[] askedContexts = parsed.GetValue(contexts) ?? [];
            int[] askedStreams = parsed.GetValue(streams) ?? [];
            BenchPlan plan = new(
                askedPrompts.Length > 0 ? askedPrompts : usual.Prompts,
                askedContexts.Length > 0 ? askedContexts : usual.Contexts,
                askedStreams.Length > 0 ? askedStreams : usual.Streams,
                parsed.GetValue(output),
                parsed.GetValue(repetitions));
            return RunAsync(environment, parsed.GetValue(model), settings.Read(parsed), plan, plan with { Prompts = askedPrompts, Contexts = askedContexts }, parsed.GetValue(json));
        });
        return command;
    }

    /// <param name="plan">All tests.</param>
    /// <param name="wanted">Those that were asked for by name: what does not fit of them is refused, what does not fit of the others is left out.</param>
    private static async Task<int> RunAsync(CliEnvironment environment, string? name, InferenceEngineOptions options, BenchPlan plan, BenchPlan wanted, bool json)
    {
        using Interrupts interrupts = new(environment);
        StoredModel model = ModelFinder.Find(environment, name);
        long started = environment.Time.GetTimestamp();
        using LoadedEngine loaded = environment.LoadEngine(model.Path, options with { ModelName = model.Name }, environment.Time);
        BenchPlan possible = Fit(environment, loaded.Engine, plan, wanted);
        BenchReport report = await new BenchRun(loaded, possible, environment.Time).RunAsync(started, interrupts.Token);
        if (json)
        {
            CliJson.Write(environment, report, CliJson.Default.BenchReport);
            return ExitCodes.Success;
        }

        environment.Output.WriteLine(TerminalText.OneLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Model} {report.WeightType}, {report.Parameters:N0} parameters, {report.Threads} threads, {report.KernelPath}; median of {report.Repetitions}")));
        environment.Output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"loaded to the first token in {report.LoadSeconds:0.00} s; memory read at {report.ReadBytesPerSecond / 1e9:0.0} GB/s, 8-bit operations at {report.IntegerOperationsPerSecond / 1e9:N0} GOP/s"));
        TableWriter.Write(environment, ["TEST", "STREAMS", "TOKENS/S", "LOWEST", "HIGHEST", "OF LIMIT"], report.Results.Select(result => (string[])
        [
            Describe(result, plan),
            Number(result.Streams, "0"),
            Number(result.TokensPerSecond, "0.0"),
            Number(result.Lowest, "0.0"),
            Number(result.Highest, "0.0"),
            result.LimitUse is double share ? Number(share, "0 %") + (result.Limit == BenchLimits.ReadBandwidth ? " of reading" : " of operations") : "",
        ]));
        return ExitCodes.Success;
    }

    private static BenchPlan Fit(CliEnvironment environment, IInferenceEngine engine, BenchPlan plan, BenchPlan wanted)
    {
        if (!engine.Model.CanGenerate)
        {
            throw new UserErrorException($"{engine.Model.Name} makes embeddings; bench measures models that write text");
        }

        int context = engine.Model.ContextLength;
        string there = string.Create(CultureInfo.InvariantCulture, $"the context has {context:N0} tokens");
        if (wanted.Without(wanted.Within(context)) is { Count: > 0 } refused)
        {
            throw new UserErrorException($"{string.Join(", ", refused)} does not fit: {there}; lower --prompt-tokens, --contexts or --output-tokens, or raise --context");
        }

        BenchPlan possible = plan.Within(context);
        if (plan.Without(possible) is { Count: > 0 } leftOut)
        {
            environment.Error.WriteLine($"left out: {string.Join(", ", leftOut)}: {there}");
        }

        return possible;
    }

    private static string Describe(BenchResult result, BenchPlan plan) => result.Test switch
    {
        "prefill" => $"prefill {result.PromptTokens}",
        "decode" => $"decode {plan.OutputTokens} at {result.PromptTokens}",
        _ => $"{result.Test} {plan.OutputTokens}",
    };

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static Option<int> Count(string name, string description, int value, int most)
    {
        Option<int> option = new(name) { Description = description, HelpName = "N", DefaultValueFactory = _ => value };
        option.Validators.Add(result => Limits.Require(result, 1, most));
        return option;
    }

    private static Option<int[]> Counts(string name, string description, IReadOnlyList<int> values, int most) => new(name)
    {
        Description = $"{description} Default: {string.Join(',', values)}.",
        HelpName = "N,N,…",
        CustomParser = result => ParseCounts(result, name, most),
    };

    private static int[] ParseCounts(ArgumentResult result, string name, int most)
    {
        string[] parts = result.Tokens[0].Value.Split(',');
        int[] numbers = [.. parts.Select(part => int.TryParse(part, CultureInfo.InvariantCulture, out int number) ? number : 0)];
        if (numbers.Any(number => number < 1 || number > most) || numbers.Length > 16)
        {
            result.AddError($"{name} takes up to 16 numbers from 1 to {most}, such as 1,4,16");
        }

        return numbers;
    }
}
