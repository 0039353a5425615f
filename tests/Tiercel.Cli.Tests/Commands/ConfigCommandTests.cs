using System.Text.Json;
using Tiercel.Testing;

namespace Tiercel.Cli.Tests.Commands;

public sealed class ConfigCommandTests : IDisposable
{
    private const string Good = """
        pools: { chat: { upstreams: [ { name: a, kind: openai, url: http://10.0.0.1:8000, key: env:UP } ] } }
        routes: { m: { pool: chat } }
        tenants: { acme: { keys: [ { name: ci, key: env:CI } ], limits: { requests_per_minute: 60 } } }

        """;

    private readonly TemporaryFolder _folder = new();
    private readonly CliHarness _cli = new();

    public ConfigCommandTests()
    {
        _cli.Set("UP", "CANARY-up");
        _cli.Set("CI", "CANARY-ci");
    }

    public void Dispose()
    {
        Assert.DoesNotContain("CANARY", _cli.Output + _cli.Error, StringComparison.Ordinal);
        _cli.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_good_file_is_told_as_it_was_understood()
    {
        Assert.Equal(0, await _cli.RunAsync("config", "check", Write("a.yaml", Good)));
        Assert.Contains("is valid (version ", _cli.Output, StringComparison.Ordinal);
        foreach (string part in new[] { "127.0.0.1:8080", "chat", "openai", "http://10.0.0.1:8000", "acme", "60 requests/min", "tenants with a key" })
        {
            Assert.Contains(part, _cli.Output, StringComparison.Ordinal);
        }

        Assert.Empty(_cli.Error);
    }

    [Fact]
    public async Task A_good_file_is_told_as_json()
    {
        Assert.Equal(0, await _cli.RunAsync("config", "check", Write("a.yaml", Good), "--json"));
        using JsonDocument json = JsonDocument.Parse(_cli.Output);
        Assert.True(json.RootElement.GetProperty("valid").GetBoolean());
        JsonElement values = json.RootElement.GetProperty("values");
        Assert.Equal("env:UP", values.GetProperty("pools.chat.upstreams.a.key").GetString());
        Assert.Equal("60", values.GetProperty("tenants.acme.limits.requests_per_minute").GetString());
    }

    [Fact]
    public async Task Every_error_is_a_line_and_the_exit_code_is_1()
    {
        string file = Write("a.yaml", Good.Replace("chat }", "chta }", StringComparison.Ordinal).Replace("60", "sixty", StringComparison.Ordinal));
        Assert.Equal(1, await _cli.RunAsync("config", "check", file));
        string[] lines = _cli.Error.TrimEnd('\n').Split('\n');
        Assert.Equal(
            [
                $"tiercel: {file}:2:22: routes.m.pool: there is no pool 'chta'; did you mean 'chat'?",
                $"tiercel: {file}:3:88: tenants.acme.limits.requests_per_minute: wants a whole number, and this is 'sixty'",
            ],
            lines);
        Assert.Empty(_cli.Output);
        Assert.Equal(1, await _cli.RunAsync("config", "check", file, "--json"));
        using JsonDocument json = JsonDocument.Parse(_cli.Output);
        Assert.Equal(2, json.RootElement.GetProperty("errors").GetArrayLength());
        Assert.Equal(22, json.RootElement.GetProperty("errors")[0].GetProperty("column").GetInt32());
    }

    [Fact]
    public async Task Secrets_that_are_elsewhere_need_not_be_looked_up()
    {
        string file = Write("a.yaml", Good.Replace("env:CI", "env:ELSEWHERE", StringComparison.Ordinal));
        Assert.Equal(1, await _cli.RunAsync("config", "check", file));
        Assert.Contains("the environment variable ELSEWHERE is not set", _cli.ErrorLine(), StringComparison.Ordinal);
        Assert.Equal(0, await _cli.RunAsync("config", "check", file, "--no-secrets"));
    }

    [Fact]
    public async Task A_file_that_is_not_there_and_a_word_too_few_are_errors()
    {
        Assert.Equal(1, await _cli.RunAsync("config", "check", _folder.File("gone.yaml")));
        Assert.EndsWith("gone.yaml: does not exist", _cli.ErrorLine(), StringComparison.Ordinal);
        Assert.Equal(2, await _cli.RunAsync("config", "check"));
        Assert.Contains("tiercel config check --help", _cli.ErrorLine(), StringComparison.Ordinal);
        Assert.Equal(2, await _cli.RunAsync("config"));
    }

    [Fact]
    public async Task A_difference_says_what_a_reload_takes_up()
    {
        string old = Write("a.yaml", Good);
        string hot = Write("b.yaml", Good.Replace("60", "90", StringComparison.Ordinal));
        string cold = Write("c.yaml", Good + "ledger: { path: u.db }\nlisten: [ { address: 127.0.0.1:8080 }, { address: 127.0.0.1:8081 } ]\n");
        Assert.Equal(0, await _cli.RunAsync("config", "diff", old, old));
        Assert.Equal("No difference in what they mean.\n", _cli.Output);
        Assert.Equal(0, await _cli.RunAsync("config", "diff", old, hot));
        Assert.Equal("~ tenants.acme.limits.requests_per_minute: 60 -> 90\nA reload takes up all of it, without a restart.\n", _cli.Output);
        Assert.Equal(0, await _cli.RunAsync("config", "diff", old, cold));
        Assert.Contains("+ ledger.path: u.db (restart)\n", _cli.Output, StringComparison.Ordinal);
        Assert.Contains("+ listen[\"127.0.0.1:8081\"]: { address: 127.0.0.1:8081 } (restart)\n", _cli.Output, StringComparison.Ordinal);
        Assert.Equal(0, await _cli.RunAsync("config", "diff", old, cold, "--json"));
        using JsonDocument json = JsonDocument.Parse(_cli.Output);
        Assert.True(json.RootElement.GetProperty("needs_restart").GetBoolean());
        Assert.Equal(["added", "added"], json.RootElement.GetProperty("changes").EnumerateArray().Select(change => change.GetProperty("change").GetString()));
    }

    [Fact]
    public async Task A_difference_to_a_wrong_file_is_its_errors()
    {
        string old = Write("a.yaml", Good);
        Assert.Equal(1, await _cli.RunAsync("config", "diff", old, Write("b.yaml", "pools: 1\nroutes: 2")));
        Assert.Equal(2, _cli.Error.TrimEnd('\n').Split('\n').Length);
    }

    private string Write(string name, string text)
    {
        string file = _folder.File(name);
        File.WriteAllText(file, text);
        return file;
    }
}
