using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Tests.Configuration;

public class ConfigurationDiffTests
{
    [Fact]
    public void Order_spelling_and_what_is_the_default_make_no_difference()
    {
        const string Spelled = """
            # a comment
            routes: { "m": { pool: chat } }
            queue: { max_wait: 0.5m, max_bytes: 268435456 }
            health: { slow_start: 10000ms }
            pools: { chat: { hedge: false, upstreams: [ { url: "http://10.0.0.1:8000/", kind: openai, name: a, first_byte_timeout: 1m } ] } }
            """;
        Assert.Equal([], Changes(ConfigurationText.Minimal, Spelled));
    }

    [Fact]
    public void Each_change_is_said_with_its_path_and_what_is_whole_new_in_one_line()
    {
        const string New = """
            listen: [ { address: 127.0.0.1:9090 } ]
            pools:
              chat:
                policy: round_robin
                upstreams:
                  - { name: b, kind: openai, url: http://10.0.0.2:8000, key: env:K }
                  - { name: a, kind: openai, url: http://10.0.0.1:8001 }
            routes:
              m-2.5: { pool: chat }
            ledger: { path: u.db }
            """;
        Assert.Equal(
            [
                "+ listen[\"127.0.0.1:9090\"] = { address: 127.0.0.1:9090 } !",
                "+ pools.chat.upstreams.b = { name: b, kind: openai, url: http://10.0.0.2:8000, key: env:K }",
                "~ pools.chat.upstreams.a.url: http://10.0.0.1:8000 -> http://10.0.0.1:8001",
                "~ pools.chat.policy: cost -> round_robin",
                "+ routes[\"m-2.5\"] = { pool: chat }",
                "+ ledger.path = u.db !",
                "- listen[\"127.0.0.1:8080\"] = { } !",
                "- routes.m = { pool: chat }",
            ],
            Changes(ConfigurationText.Minimal, New));
    }

    [Fact]
    public void Two_hashes_of_keys_differ_without_being_shown_whole()
    {
        string First(char digit) => $"{ConfigurationText.Minimal}tenants: {{ t: {{ keys: [ {{ name: k, key: 'sha256:{new string(digit, 64)}' }} ] }} }}";
        Assert.Equal([$"~ tenants.t.keys.k.key: sha256:{new string('a', 16)}… -> sha256:{new string('b', 16)}…"], Changes(First('a'), First('b')));
    }

    private static string[] Changes(string old, string @new)
    {
        ConfigurationReading before = ConfigurationText.Read(old);
        ConfigurationReading after = ConfigurationFile.Parse("n.yaml", System.Text.Encoding.UTF8.GetBytes(@new), ReferenceResolver.None);
        Assert.Equal([], before.Errors);
        Assert.Equal([], after.Errors);
        return [.. ConfigurationDiff.Between(before, after).Select(change =>
            (change.Old is null ? $"+ {change.Path} = {change.New}" : change.New is null ? $"- {change.Path} = {change.Old}" : $"~ {change.Path}: {change.Old} -> {change.New}")
            + (change.NeedsRestart ? " !" : ""))];
    }
}
