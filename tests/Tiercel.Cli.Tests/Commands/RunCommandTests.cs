using System.Text.Json;
using Tiercel.Engine;

namespace Tiercel.Cli.Tests.Commands;

public class RunCommandTests
{
    [Fact]
    public async Task The_bundled_model_answers()
    {
        using CliHarness cli = new();
        Assert.Equal(0, await cli.RunAsync("run", "tiercel-tiny", "What is the capital of France?", "--temperature", "0", "--verbose"));
        Assert.Equal("The capital of France is Paris.\n", cli.Output);
        Assert.Contains("tokens/s", cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Standard_input_is_the_prompt_or_is_appended_to_it()
    {
        using CliHarness cli = new() { Input = "What is the capital of Italy?\n" };
        Assert.Equal(0, await cli.RunAsync("run", "--temperature", "0"));
        Assert.Equal("The capital of Italy is Rome.\n", cli.Output);

        string seen = "";
        int[] prompt = [];
        cli.Script(request =>
        {
            prompt = [.. request.Prompt];
            return new ScriptedAnswer(["ok"]);
        });
        cli.LoadEngine = Spy(cli, tokens => seen = tokens);
        Assert.Equal(0, await cli.RunAsync("run", "tiercel-tiny", "Say", "this:"));
        Assert.NotEmpty(prompt);
        Assert.Contains("Say this:\n\nWhat is the capital of Italy?", seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_has_the_answer_and_the_counts()
    {
        using CliHarness cli = new();
        Assert.Equal(0, await cli.RunAsync("run", "tiercel-tiny", "What is 3 + 4?", "--temperature", "0", "--json"));
        using JsonDocument answer = JsonDocument.Parse(cli.Output);
        JsonElement root = answer.RootElement;
        Assert.Equal("3 + 4 = 7", root.GetProperty("text").GetString()!.TrimEnd('.'));
        Assert.Equal("tiercel-tiny", root.GetProperty("model").GetString());
        Assert.Equal("stop", root.GetProperty("finish_reason").GetString());
        Assert.True(root.GetProperty("prompt_tokens").GetInt32() > 5);
        Assert.True(root.GetProperty("output_tokens").GetInt32() > 3);
        Assert.Contains("\"3 + 4", cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_shows_text_of_any_script_as_it_is_and_no_controls()
    {
        using CliHarness cli = new();
        cli.Script(_ => new ScriptedAnswer(["Žluťoučký 'кот' \u001b[2J\u009b\u007f \"x\""]));
        Assert.Equal(0, await cli.RunAsync("run", "tiercel-tiny", "x", "--json"));
        Assert.Contains("Žluťoučký 'кот'", cli.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(cli.Output.Replace("\n", "", StringComparison.Ordinal), char.IsControl);
        using JsonDocument answer = JsonDocument.Parse(cli.Output);
        Assert.Equal("Žluťoučký 'кот' \u001b[2J\u009b\u007f \"x\"", answer.RootElement.GetProperty("text").GetString());
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_answer_and_max_tokens_and_stop_end_it()
    {
        using CliHarness cli = new();
        string[] ask = ["run", "tiercel-tiny", "Tell me a story.", "--temperature", "1", "--max-tokens", "20"];
        await cli.RunAsync([.. ask, "--seed", "5"]);
        string first = cli.Output;
        await cli.RunAsync([.. ask, "--seed", "5"]);
        Assert.Equal(first, cli.Output);
        await cli.RunAsync([.. ask, "--seed", "6"]);
        Assert.NotEqual(first, cli.Output);
        await cli.RunAsync("run", "tiercel-tiny", "What is the capital of France?", "--temperature", "0", "--stop", " is");
        Assert.Equal("The capital of France\n", cli.Output);
    }

    [Fact]
    public async Task Escape_sequences_of_a_model_reach_a_pipe_but_no_terminal()
    {
        using CliHarness cli = new() { IsTerminal = true };
        cli.Script(_ => new ScriptedAnswer(["a\u001b]0;owned\u0007", "\u001b[2Jb"]));
        await cli.RunAsync("run", "tiercel-tiny", "x");
        Assert.Equal("a]0;owned[2Jb\n", cli.Output);
        cli.IsTerminal = false;
        await cli.RunAsync("run", "tiercel-tiny", "x");
        Assert.Equal("a\u001b]0;owned\u0007\u001b[2Jb\n", cli.Output);
    }

    [Fact]
    public async Task Ctrl_C_ends_the_answer_with_exit_code_130_and_a_second_one_the_process()
    {
        using CliHarness cli = new();
        cli.Script(_ =>
        {
            cli.Interrupt!();
            cli.Interrupt!();
            return new ScriptedAnswer(["half"], WaitForCancel: true);
        });
        Assert.Equal(130, await cli.RunAsync("run", "tiercel-tiny", "x"));
        Assert.Equal("half\n", cli.Output);
        Assert.Equal([130], cli.Exits);
    }

    [Fact]
    public async Task A_refusal_of_the_engine_is_one_line_and_exit_code_1()
    {
        using CliHarness cli = new();
        cli.Script(_ => new ScriptedAnswer([], Refusal: new EngineError(EngineErrorKind.ContextLengthExceeded, "the prompt\nhas too many tokens")));
        Assert.Equal(1, await cli.RunAsync("run", "tiercel-tiny", "x"));
        Assert.Equal("the prompt has too many tokens", cli.ErrorLine());
        Assert.Empty(cli.Output);
    }

    [Fact]
    public async Task Without_a_prompt_and_without_a_terminal_there_is_nothing_to_do()
    {
        using CliHarness cli = new();
        Assert.Equal(2, await cli.RunAsync("run", "tiercel-tiny"));
        Assert.Contains("no prompt", cli.ErrorLine(), StringComparison.Ordinal);
    }

    /// <summary>Also tells what the prompt's tokens say.</summary>
    private static Tiercel.Cli.Startup.EngineLoader Spy(CliHarness cli, Action<string> seen)
    {
        Tiercel.Cli.Startup.EngineLoader inner = cli.LoadEngine;
        return (path, options, time) =>
        {
            Tiercel.Cli.Startup.LoadedEngine loaded = inner(path, options, time);
            IInferenceEngine engine = loaded.Engine;
            return loaded with
            {
                Engine = new ScriptedEngine(engine, request =>
                {
                    seen(engine.Tokenizer.Decode(request.Prompt, renderSpecial: true));
                    engine.Submit(request);
                    return new ScriptedAnswer(["ok"]);
                }),
            };
        };
    }
}
