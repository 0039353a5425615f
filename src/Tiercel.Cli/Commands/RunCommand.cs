using System.CommandLine;
using System.Text;
using Tiercel.Cli.Chat;
using Tiercel.Cli.Json;
using Tiercel.Cli.ModelStore;
using Tiercel.Cli.Startup;
using Tiercel.Cli.Terminal;
using Tiercel.Engine;
using Tiercel.Engine.Sampling;

namespace Tiercel.Cli.Commands;

/// <summary><c>tiercel run</c>: one answer, or a conversation.</summary>
internal sealed class RunCommand
{
    /// <summary>Most characters that are read from standard input.</summary>
    private const int MaxInputChars = 16 << 20;

    private readonly Argument<string?> _model = CommonOptions.OptionalModel();

    private readonly Argument<string[]> _prompt = new("PROMPT")
    {
        Description = "What to ask; standard input is appended when it is no terminal. Without either, a conversation begins.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<string?> _system = new("--system") { Description = "A system message.", HelpName = "TEXT" };
    private readonly Option<float?> _temperature = new("--temperature") { Description = "0 takes the likeliest token. Default: 0.7.", HelpName = "T" };
    private readonly Option<float?> _topP = new("--top-p") { Description = "Keep the likeliest tokens up to this share.", HelpName = "P" };
    private readonly Option<int?> _topK = new("--top-k") { Description = "Keep this many tokens.", HelpName = "K" };
    private readonly Option<float?> _minP = new("--min-p") { Description = "Keep tokens with this share of the likeliest one's. Default: 0.05.", HelpName = "P" };
    private readonly Option<ulong?> _seed = new("--seed") { Description = "The same seed gives the same answer.", HelpName = "N" };
    private readonly Option<int?> _maxTokens = new("--max-tokens", "-n") { Description = "Most tokens of an answer.", HelpName = "N" };
    private readonly Option<string[]> _stop = new("--stop") { Description = "Ends the answer before this text; may be repeated.", HelpName = "TEXT" };
    private readonly Option<bool> _verbose = new("--verbose") { Description = "Print timings after each answer." };
    private readonly Option<bool> _json = CommonOptions.Json();
    private readonly CliEnvironment _environment;
    private readonly EngineSettings _engineSettings;

    private RunCommand(CliEnvironment environment, Command command)
    {
        _environment = environment;
        _maxTokens.Validators.Add(result => Limits.Require(result, 1, int.MaxValue));
        command.Add(_model);
        command.Add(_prompt);
        foreach (Option option in (Option[])[_system, _temperature, _topP, _topK, _minP, _seed, _maxTokens, _stop, _verbose, _json])
        {
            command.Add(option);
        }

        _engineSettings = new EngineSettings(command);
        command.SetAction((parsed, _) => RunAsync(parsed));
    }

    public static Command Create(CliEnvironment environment)
    {
        Command command = new("run", "Answers a prompt, or holds a conversation in the terminal.");
        _ = new RunCommand(environment, command);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed)
    {
        string? prompt = ReadPrompt(parsed.GetValue(_prompt) ?? []);
        bool json = parsed.GetValue(_json);
        if (prompt is null && (json || !_environment.InputIsTerminal))
        {
            throw new UserErrorException("there is no prompt: give one after the model, or on standard input", ExitCodes.Usage);
        }

        GenerationSettings settings = ReadSettings(parsed);
        StoredModel model = ModelFinder.Find(_environment, parsed.GetValue(_model));
        InferenceEngineOptions options = _engineSettings.Read(parsed) with { ModelName = model.Name };
        using LoadedEngine loaded = _environment.LoadEngine(model.Path, options, _environment.Time);
        if (!loaded.Engine.Model.CanGenerate)
        {
            throw new UserErrorException($"{model.Name} makes embeddings and cannot write text; tiercel serve offers it at /v1/embeddings");
        }

        if (Sampler.Validate(settings.Sampling, loaded.Engine.Model.VocabularySize) is EngineError error)
        {
            throw new UserErrorException(error.Message, ExitCodes.Usage);
        }

        ChatSession session = new(loaded.Engine, _environment) { Settings = settings };
        return prompt is null
            ? await ConverseAsync(session, loaded, parsed.GetValue(_verbose))
            : await AnswerAsync(session, loaded, prompt, parsed.GetValue(_verbose), json);
    }

    private async Task<int> AnswerAsync(ChatSession session, LoadedEngine loaded, string prompt, bool verbose, bool json)
    {
        using Interrupts interrupts = new(_environment);
        ChatTurn turn = await session.AskAsync(prompt, json ? _ => { } : Write, interrupts.Token);
        if (json)
        {
            CliJson.Write(_environment, RunAnswer.Of(loaded.Engine.Model.Name, turn), CliJson.Default.RunAnswer);
        }
        else
        {
            _environment.Output.WriteLine();
        }

        if (verbose)
        {
            TurnReport.Write(_environment.Error, turn);
        }

        return turn.Finish == FinishReason.Cancelled ? ExitCodes.Interrupted : ExitCodes.Success;
    }

    private async Task<int> ConverseAsync(ChatSession session, LoadedEngine loaded, bool verbose)
    {
        _environment.Output.WriteLine(TerminalText.OneLine($"{loaded.Engine.Model.Name}: {loaded.MemoryPlan}"));
        _environment.Output.WriteLine("/help lists the commands, /bye leaves.");
        ChatCommands commands = new(session, _environment, loaded.Engine.Model.VocabularySize) { Verbose = verbose };
        await new ChatLoop(session, commands, _environment).RunAsync();
        return ExitCodes.Success;
    }

    private void Write(string text)
    {
        _environment.Output.Write(_environment.ForOutput(text));
        _environment.Output.Flush();
    }

    private GenerationSettings ReadSettings(ParseResult parsed)
    {
        GenerationSettings defaults = new();
        SamplingOptions sampling = defaults.Sampling;
        string[] stops = parsed.GetValue(_stop) ?? [];
        if (StopStringMatcher.Validate(stops) is EngineError error)
        {
            throw new UserErrorException(error.Message, ExitCodes.Usage);
        }

        return defaults with
        {
            System = parsed.GetValue(_system),
            MaxTokens = parsed.GetValue(_maxTokens),
            Seed = parsed.GetValue(_seed),
            StopStrings = stops,
            Sampling = sampling with
            {
                Temperature = parsed.GetValue(_temperature) ?? sampling.Temperature,
                TopP = parsed.GetValue(_topP) ?? sampling.TopP,
                TopK = parsed.GetValue(_topK) ?? sampling.TopK,
                MinP = parsed.GetValue(_minP) ?? sampling.MinP,
            },
        };
    }

    /// <summary>The words of the command line, then what was piped in; null when there is neither.</summary>
    private string? ReadPrompt(string[] words)
    {
        string typed = string.Join(' ', words);
        string piped = _environment.InputIsTerminal ? "" : ReadInput().TrimEnd('\r', '\n');
        string prompt = typed.Length > 0 && piped.Length > 0 ? $"{typed}\n\n{piped}" : typed + piped;
        return prompt.Trim().Length > 0 ? prompt : null;
    }

    private string ReadInput()
    {
        StringBuilder text = new();
        char[] buffer = new char[8192];
        for (int count; (count = _environment.Input.ReadBlock(buffer)) > 0;)
        {
            text.Append(buffer, 0, count);
            if (text.Length > MaxInputChars)
            {
                throw new UserErrorException($"standard input has more than {MaxInputChars} characters");
            }
        }

        return text.ToString();
    }
}
