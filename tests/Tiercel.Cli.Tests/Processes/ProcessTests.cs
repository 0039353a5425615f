using System.Text.Json;
using Tiercel.Testing;

namespace Tiercel.Cli.Tests.Processes;

public class ProcessTests
{
    [Fact]
    public async Task Run_answers_piped_input_in_plain_text()
    {
        (int exitCode, string output, string error) = await TiercelProcess.RunAsync("What is the capital of France?\n", "run", "tiercel-tiny", "--temperature", "0");
        Assert.Equal((0, "The capital of France is Paris.\n", ""), (exitCode, output, error));
    }

    [Fact]
    public async Task Errors_are_one_line_on_standard_error_with_an_exit_code()
    {
        (int exitCode, string output, string error) = await TiercelProcess.RunAsync("", "run", "no-such-model", "hi");
        Assert.Equal((1, ""), (exitCode, output));
        Assert.Matches(@"^tiercel: there is no model 'no-such-model'[^\n]*\n$", error);
        (exitCode, _, error) = await TiercelProcess.RunAsync("", "serve", "--host", "0.0.0.0");
        Assert.Equal(2, exitCode);
        Assert.Matches(@"^tiercel: [^\n]*--api-key[^\n]*\n$", error);
    }

    [Fact]
    public async Task Json_output_is_json_and_nothing_else()
    {
        foreach (string[] arguments in (string[][])[["list", "--json"], ["show", "tiercel-tiny", "--json"]])
        {
            (int exitCode, string output, _) = await TiercelProcess.RunAsync("", arguments);
            Assert.Equal(0, exitCode);
            using JsonDocument document = JsonDocument.Parse(output);
            Assert.Contains(document.RootElement.ValueKind, (JsonValueKind[])[JsonValueKind.Array, JsonValueKind.Object]);
        }
    }

    [Fact]
    public async Task Version_is_a_number_alone()
    {
        (int exitCode, string output, _) = await TiercelProcess.RunAsync("", "--version");
        Assert.Equal(0, exitCode);
        Assert.Matches(@"^\d+\.\d+\.\d+\n$", output);
    }

    [Fact]
    public async Task SmolLM2_knows_the_capital_of_France()
    {
        string model = TestFiles.Shared("models", "real", "smollm2-135m-instruct-q4_1.gguf");
        (int exitCode, string output, string error) = await TiercelProcess.RunAsync(
            "", "run", model, "What is the capital of France? Answer in one sentence.", "--temperature", "0", "--max-tokens", "32", "--kv-memory", "256MiB");
        Assert.True(exitCode == 0, error);
        Assert.Contains("Paris", output, StringComparison.Ordinal);
    }
}
