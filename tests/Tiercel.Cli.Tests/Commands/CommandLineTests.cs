using System.CommandLine;
using System.Net;
using System.Net.Sockets;

namespace Tiercel.Cli.Tests.Commands;

public class CommandLineTests
{
    [Fact]
    public async Task Every_command_has_help_with_json_and_examples()
    {
        using CliHarness cli = new();
        string[][] names = [.. Words(CommandLine.Create(cli.Environment()))];
        foreach (string[] words in names)
        {
            string name = string.Join(' ', words);
            Assert.Equal(0, await cli.RunAsync([.. words, "--help"]));
            Assert.Empty(cli.Error);
            Assert.Contains("--json", cli.Output, StringComparison.Ordinal);
            string[] examples = cli.Output[cli.Output.IndexOf("Examples:", StringComparison.Ordinal)..].Split('\n', StringSplitOptions.RemoveEmptyEntries)[1..];
            Assert.NotEmpty(examples);
            Assert.All(examples, example => Assert.Contains($"tiercel {name}", example, StringComparison.Ordinal));
        }

        Assert.Equal(0, await cli.RunAsync());
        Assert.All(names, words => Assert.Contains($"\n  {words[0]}", cli.Output, StringComparison.Ordinal));
        Assert.Contains(names, words => words is ["worker"]);
        Assert.Contains(names, words => words is ["config", "check"]);
    }

    [Theory]
    [InlineData("'frobnicate'", "frobnicate")]
    [InlineData("there is no option --nope", "run", "tiercel-tiny", "--nope")]
    [InlineData("--threads must be between 1 and 1024", "run", "--threads", "0")]
    [InlineData("'x' is no size", "serve", "--kv-memory", "x")]
    [InlineData("--kv-type", "run", "--kv-type", "q4")]
    [InlineData("'--context'", "run", "--context", "many")]
    [InlineData("--port must be", "serve", "--port", "65536")]
    [InlineData("0.0.0.0 can be reached from other machines", "serve", "--host", "0.0.0.0")]
    [InlineData("--no-auth contradicts", "serve", "--no-auth", "--api-key", "k")]
    [InlineData("is no IP address", "serve", "--host", "example.com")]
    [InlineData("--name takes a name", "serve", "--name", "")]
    [InlineData("--alias takes a name", "serve", "--alias", "a", "--alias", " ")]
    [InlineData("--alias takes a name", "serve", "--alias", "\u001b[2J")]
    [InlineData("--worker-name takes a name", "worker", "--worker-name", "")]
    [InlineData("--port is not read beside --config", "serve", "--config", "tiercel.yaml", "--port", "9000")]
    [InlineData("--api-key is not read beside --config", "serve", "--config", "tiercel.yaml", "--api-key", "k")]
    [InlineData("--tls-key is not read beside --config", "serve", "--config", "tiercel.yaml", "--tls-key", "k")]
    [InlineData("--host is not read beside --config", "gateway", "--config", "tiercel.yaml", "--host", "127.0.0.1")]
    [InlineData("--streams takes", "bench", "--streams", "1,x")]
    [InlineData("temperature must be between 0 and 100", "run", "tiercel-tiny", "hi", "--temperature", "-1")]
    public async Task A_wrong_command_line_is_one_line_and_exit_code_2(string expected, params string[] arguments)
    {
        using CliHarness cli = new();
        Assert.Equal(2, await cli.RunAsync(arguments));
        Assert.Contains(expected, cli.ErrorLine(), StringComparison.Ordinal);
        Assert.Empty(cli.Output);
    }

    [Fact]
    public async Task Text_that_begins_with_a_dash_may_follow_a_double_dash()
    {
        using CliHarness cli = new();
        cli.Script(_ => new ScriptedAnswer(["ok"]));
        Assert.Equal(0, await cli.RunAsync("run", "tiercel-tiny", "--", "--what"));
        Assert.Equal("ok\n", cli.Output);
    }

    [Fact]
    public async Task An_unexpected_failure_is_one_line_and_its_trace_is_shown_on_request_only()
    {
        using CliHarness cli = new();
        cli.LoadEngine = (_, _, _) => throw new InvalidOperationException("of some kind\nwith lines");
        Assert.Equal(1, await cli.RunAsync("run", "tiercel-tiny", "x"));
        Assert.StartsWith("internal error: InvalidOperationException: of some kind with lines", cli.ErrorLine(), StringComparison.Ordinal);
        cli.Set("TIERCEL_TRACE", "1");
        await cli.RunAsync("run", "tiercel-tiny", "x");
        Assert.Contains("   at ", cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_said_before_the_model_is_loaded()
    {
        using CliHarness cli = new();
        cli.LoadEngine = (_, _, _) => throw new InvalidOperationException("the model was loaded");
        using Socket taken = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        int port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        Assert.Equal(1, await cli.RunAsync("serve", "--port", $"{port}"));
        Assert.StartsWith($"127.0.0.1:{port} is in use already", cli.ErrorLine(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_does_not_fit_is_refused_with_the_arithmetic()
    {
        using CliHarness cli = new();
        cli.LoadEngine = (path, options, time) => Tiercel.Cli.Startup.EngineLoading.Load(path, options with { AvailableMemoryBytes = 1 << 20 }, time);
        Assert.Equal(1, await cli.RunAsync("run", "tiercel-tiny", "x"));
        Assert.Contains("1 MiB of memory are free", cli.ErrorLine(), StringComparison.Ordinal);
    }

    /// <summary>All commands, those within commands too, as their words are typed.</summary>
    private static IEnumerable<string[]> Words(Command command) =>
        command.Subcommands.SelectMany(inner => Words(inner).Select(words => (string[])[inner.Name, .. words]).Prepend([inner.Name]));
}
