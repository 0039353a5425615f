using System.Text.Json;
using Tiercel.Cli.Tests.ModelStore;

namespace Tiercel.Cli.Tests.Commands;

public class ModelCommandsTests
{
    [Fact]
    public async Task List_tells_names_and_sizes_as_a_table_and_as_json()
    {
        using CliHarness cli = new();
        string file = cli.HomeFile("models/Maker/Model-GGUF/model-Q8_0.gguf");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllBytesAsync(file, new byte[1500], TestContext.Current.CancellationToken);
        Assert.Equal(0, await cli.RunAsync("list"));
        string[] lines = cli.Output.Split('\n');
        Assert.Matches("^NAME +QUANT +SIZE +MODIFIED$", lines[0]);
        Assert.Matches(@"^Maker/Model-GGUF:Q8_0 +Q8_0 +1\.5 kB +just now$", lines[1]);
        Assert.StartsWith("tiercel-tiny", lines[2], StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', cli.Output);

        Assert.Equal(0, await cli.RunAsync("ls", "--json"));
        using JsonDocument list = JsonDocument.Parse(cli.Output);
        JsonElement model = list.RootElement[0];
        Assert.Equal("Maker/Model-GGUF:Q8_0", model.GetProperty("name").GetString());
        Assert.Equal(1500, model.GetProperty("size_bytes").GetInt64());
        Assert.Equal(file, model.GetProperty("path").GetString());
        Assert.Equal(2, list.RootElement.GetArrayLength());
    }

    [Fact]
    public async Task Show_tells_what_the_file_says_of_itself()
    {
        using CliHarness cli = new();
        Assert.Equal(0, await cli.RunAsync("show", "tiercel-tiny", "--json", "--metadata"));
        using JsonDocument shown = JsonDocument.Parse(cli.Output);
        JsonElement root = shown.RootElement;
        Assert.Equal("qwen3", root.GetProperty("architecture").GetString());
        Assert.Equal(3_665_088, root.GetProperty("parameters").GetInt64());
        Assert.Equal("Q8_0", root.GetProperty("quantization").GetString());
        Assert.Equal(2048, root.GetProperty("context_length").GetInt64());
        Assert.Equal(4096, root.GetProperty("vocabulary_size").GetInt64());
        Assert.Equal("[4096 values]", root.GetProperty("metadata").GetProperty("tokenizer.ggml.tokens").GetString());
        Assert.Equal(0, await cli.RunAsync("show", "tiercel-tiny"));
        Assert.Matches(@"(?m)^parameters +3,665,088$", cli.Output);
        Assert.Equal(0, await cli.RunAsync("show", "tiercel-tiny", "--template"));
        Assert.Contains("{%", cli.Output, StringComparison.Ordinal);
        string template = cli.Output.TrimEnd('\n');
        Assert.Equal(0, await cli.RunAsync("show", "tiercel-tiny", "--template", "--json"));
        Assert.Equal(template, JsonElement.Parse(cli.Output).GetString()!.TrimEnd('\n'));
    }

    [Fact]
    public async Task An_unknown_model_and_a_file_that_is_none_are_one_line()
    {
        using CliHarness cli = new();
        foreach (string command in (string[])["show", "run", "serve", "rm", "bench"])
        {
            Assert.Equal(1, await cli.RunAsync([command, "no-such-model", .. command == "run" ? (string[])["hi"] : []]));
            Assert.Contains("no-such-model", cli.ErrorLine(), StringComparison.Ordinal);
        }

        Assert.Equal(1, await cli.RunAsync("show", "some/where:Q4_0"));
        Assert.Contains("tiercel pull some/where:Q4_0", cli.ErrorLine(), StringComparison.Ordinal);
        string file = cli.HomeFile("models/bad.gguf");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllTextAsync(file, "no model at all", TestContext.Current.CancellationToken);
        Assert.Equal(1, await cli.RunAsync("run", file, "hi"));
        Assert.Contains("bad.gguf", cli.ErrorLine(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pulled_model_is_listed_and_removed()
    {
        await using HubServer hub = await HubServer.StartAsync();
        hub.Files["model-Q4_0.gguf"] = PullFixture.Content(3000, 1);
        using CliHarness cli = new();
        cli.Set("HF_ENDPOINT", hub.Address.ToString());
        Assert.Equal(0, await cli.RunAsync("pull", hub.Repository, "--json"));
        using JsonDocument pulled = JsonDocument.Parse(cli.Output);
        string name = pulled.RootElement.GetProperty("name").GetString()!;
        Assert.Equal(3000, pulled.RootElement.GetProperty("fetched_bytes").GetInt64());
        Assert.Equal(0, await cli.RunAsync("pull", hub.Repository));
        Assert.Contains("was here already", cli.Output, StringComparison.Ordinal);
        Assert.Equal(0, await cli.RunAsync("rm", name));
        Assert.Contains(name, cli.Output, StringComparison.Ordinal);
        Assert.Equal(1, await cli.RunAsync("rm", name));
        Assert.Equal(1, await cli.RunAsync("rm", "tiercel-tiny"));
        Assert.Contains("cannot be removed", cli.ErrorLine(), StringComparison.Ordinal);
        Assert.Equal(1, await cli.RunAsync("pull", "no/such"));
        Assert.NotEmpty(cli.ErrorLine());
    }

    [Fact]
    public async Task Progress_is_shown_on_a_terminal_and_not_in_a_log()
    {
        await using HubServer hub = await HubServer.StartAsync();
        hub.Files["model-[x]-Q4_0.gguf"] = PullFixture.Content(300_000, 1);
        using CliHarness cli = new() { IsTerminal = true };
        cli.Set("HF_ENDPOINT", hub.Address.ToString());
        Assert.Equal(0, await cli.RunAsync("pull", hub.Repository));
        Assert.Contains("model-[x]-Q4_0.gguf", cli.Error, StringComparison.Ordinal);
        Assert.Contains('%', cli.Error);
        Assert.Contains("SHA-256 verified", cli.Output, StringComparison.Ordinal);
        cli.IsTerminal = false;
        await cli.RunAsync("rm", hub.Repository);
        Assert.Equal(0, await cli.RunAsync("pull", hub.Repository));
        Assert.Empty(cli.Error);
    }

    [Fact]
    public async Task Ps_without_a_server_says_what_to_do()
    {
        using CliHarness cli = new();
        Assert.Equal(1, await cli.RunAsync("ps", "--url", "http://127.0.0.1:9"));
        Assert.Contains("tiercel serve", cli.ErrorLine(), StringComparison.Ordinal);
    }
}
