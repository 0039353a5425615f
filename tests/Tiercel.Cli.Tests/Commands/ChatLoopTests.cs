using Tiercel.Engine;

namespace Tiercel.Cli.Tests.Commands;

public class ChatLoopTests
{
    [Fact]
    public async Task A_conversation_remembers_until_it_is_cleared()
    {
        List<int> promptLengths = [];
        using CliHarness cli = Conversation("Hello\nAgain\n/clear\nHello\n/bye\nnever read\n", promptLengths);
        Assert.Equal(0, await cli.RunAsync("run"));
        Assert.Equal(3, promptLengths.Count);
        Assert.True(promptLengths[1] > promptLengths[0] + 5);
        Assert.Equal(promptLengths[0], promptLengths[2]);
    }

    [Fact]
    public async Task Lines_between_fences_are_one_message_and_the_end_of_input_leaves()
    {
        List<int> promptLengths = [];
        using CliHarness cli = Conversation("\"\"\"one\ntwo\n\nthree\"\"\"\n\"\"\"single\"\"\"\n", promptLengths);
        Assert.Equal(0, await cli.RunAsync("run"));
        Assert.Equal(2, promptLengths.Count);
        Assert.Equal(3, cli.Output.Split("... ").Length - 1);
    }

    [Fact]
    public async Task Settings_change_the_requests_that_follow()
    {
        List<GenerationRequest> requests = [];
        using CliHarness cli = new()
        {
            IsTerminal = true,
            Input = "/set temperature 0.25\n/set top_p 0.5\n/set top_k 7\n/set seed 11\n/set max_tokens 9\n/set min_p 0.1\n/set top_p 2\n/set nothing 1\n/nope\nhi\n",
        };
        cli.Script(request =>
        {
            requests.Add(request);
            return new ScriptedAnswer(["ok"]);
        });
        await cli.RunAsync("run");
        GenerationRequest request = Assert.Single(requests);
        Assert.Equal((0.25f, 0.5f, 7, 11UL, 0.1f), (request.Sampling.Temperature, request.Sampling.TopP, request.Sampling.TopK, request.Sampling.Seed, request.Sampling.MinP));
        Assert.Equal(9, request.MaxTokens);
        Assert.Contains("top_p must be above 0 and at most 1, got 2.", cli.Output, StringComparison.Ordinal);
        Assert.Contains("There is no command /nope", cli.Output, StringComparison.Ordinal);
        Assert.Contains("'1' is no value of nothing", cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ctrl_C_ends_an_answer_and_the_conversation_goes_on()
    {
        int answers = 0;
        using CliHarness cli = new() { IsTerminal = true, Input = "first\nsecond\n" };
        cli.Script(_ =>
        {
            answers++;
            cli.Interrupt!();
            return new ScriptedAnswer([$"answer {answers}"], WaitForCancel: true);
        });
        Assert.Equal(0, await cli.RunAsync("run"));
        Assert.Equal(2, answers);
        Assert.Contains("answer 1\n\n>>> answer 2\n\n", cli.Output, StringComparison.Ordinal);
        Assert.Empty(cli.Exits);
    }

    [Fact]
    public async Task Ctrl_C_at_the_prompt_says_how_to_leave_and_then_leaves()
    {
        using CliHarness cli = new() { IsTerminal = true, Input = "" };
        await cli.RunAsync("run");
        cli.Interrupt!();
        Assert.Contains("/bye", cli.Output, StringComparison.Ordinal);
        Assert.Empty(cli.Exits);
        cli.Interrupt!();
        Assert.Equal([130], cli.Exits);
    }

    [Fact]
    public async Task A_refused_message_leaves_the_conversation_as_it_was()
    {
        List<int> promptLengths = [];
        using CliHarness cli = new() { IsTerminal = true, Input = "one\ntwo\nthree\n" };
        cli.Script(request =>
        {
            promptLengths.Add(request.Prompt.Count);
            EngineError? refusal = promptLengths.Count == 2 ? new EngineError(EngineErrorKind.ContextLengthExceeded, "too long") : null;
            return new ScriptedAnswer(["ok"], Refusal: refusal);
        });
        Assert.Equal(0, await cli.RunAsync("run"));
        Assert.Contains("tiercel: too long", cli.Error, StringComparison.Ordinal);
        Assert.InRange(promptLengths[2] - promptLengths[1], -6, 6);
    }

    private static CliHarness Conversation(string input, List<int> promptLengths)
    {
        CliHarness cli = new() { IsTerminal = true, Input = input };
        cli.Script(request =>
        {
            promptLengths.Add(request.Prompt.Count);
            return new ScriptedAnswer(["Good", " day"]);
        });
        return cli;
    }
}
