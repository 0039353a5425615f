using System.Text;
using System.Text.Json;
using Tiercel.Gateway.Configuration;
using Tiercel.Testing;

namespace Tiercel.Gateway.Tests.Configuration;

public class SecretLeakTests
{
    private const string Canary = "CANARY-7f3a9c1e";

    private const string Whole = """
        cluster: { secret: env:CANARY }
        pools: { chat: { upstreams: [ { name: a, kind: openai, url: http://x, key: file:canary.key } ] } }
        routes: { m: { pool: chat } }
        tenants: { t: { keys: [ { name: k, key: env:CANARY } ] } }
        """;

    [Fact]
    public void Nothing_that_a_good_configuration_becomes_shows_a_secret()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.File("canary.key"), Canary + "\n");
        ConfigurationReading reading = ConfigurationFile.Parse("t.yaml", Encoding.UTF8.GetBytes(Whole), Resolver(folder));
        FleetConfiguration all = reading.Require();
        Assert.Equal(Canary, all.Pools["chat"].Upstreams[0].Key!.Reveal());
        Assert.Equal(Canary, all.Cluster.Secret!.Reveal());
        string[] texts =
        [
            reading.ToString(), all.ToString(), all.Cluster.ToString(), all.Cluster.Secret.ToString(), all.Pools["chat"].ToString(), all.Pools["chat"].Upstreams[0].ToString(),
            all.Tenants["t"].ToString(), all.Tenants["t"].Keys[0].ToString(), JsonSerializer.Serialize(all.Cluster), JsonSerializer.Serialize(all.Tenants["t"].Keys[0].Reference),
            JsonSerializer.Serialize(all.Pools["chat"].Upstreams), string.Join('\n', reading.Values.Select(entry => $"{entry.Key} {entry.Value}")),
        ];
        Assert.All(texts, text => Assert.DoesNotContain(Canary, text, StringComparison.Ordinal));
        Assert.Contains("env:CANARY", texts[3], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cluster: { secret: CANARY-7f3a9c1e }")]
    [InlineData("cluster: { CANARY-7f3a9c1e: secret }")]
    [InlineData("cluster: CANARY-7f3a9c1e")]
    [InlineData("cluster: [ CANARY-7f3a9c1e ]")]
    [InlineData("cluster: { secret: [ CANARY-7f3a9c1e ] }")]
    [InlineData("cluster: { secret: 'env:CANARY-7f3a9c1e' }")]
    [InlineData("cluster: { secret: 'env:SPACED' }")]
    [InlineData("cluster: { secret: env:CANARY, secret: CANARY-7f3a9c1e }")]
    [InlineData("tenants: { t: { keys: [ { name: k, key: CANARY-7f3a9c1e } ] } }")]
    [InlineData("tenants: { t: { keys: [ { name: k, key: 'sha256:CANARY-7f3a9c1e' } ] } }")]
    [InlineData("tenants: { t: { keys: [ CANARY-7f3a9c1e ] } }")]
    [InlineData("tenants: { t: { keys: CANARY-7f3a9c1e } }")]
    [InlineData("tenants: { t: { keys: [ { CANARY-7f3a9c1e: k } ] } }")]
    [InlineData("tenants: { t: { keys: [ { name: k, key: env:CANARY }, { name: l, key: env:CANARY } ] } }")]
    [InlineData("telemetry: { otlp: 'https://user:CANARY-7f3a9c1e@host' }")]
    [InlineData("telemetry: { otlp: 'https://host?key=CANARY-7f3a9c1e' }")]
    [InlineData("telemetry: { otlp: 'CANARY-7f3a9c1e' }")]
    [InlineData("cluster: { secret: CANARY-7f3a9c1e: x }")]
    [InlineData("cluster: { secret: \"CANARY-7f3a9c1e }")]
    [InlineData("cluster: { secret: *CANARY-7f3a9c1e }")]
    [InlineData("cluster: { secret: !CANARY-7f3a9c1e x }")]
    [InlineData("cluster: { secret: %CANARY-7f3a9c1e }")]
    public void No_error_shows_what_stands_in_the_place_of_a_secret(string addition)
    {
        ConfigurationReading reading = ConfigurationText.Read(ConfigurationText.Minimal + addition, ("CANARY", Canary), ("SPACED", Canary + " x"));
        ConfigurationInvalidException error = Assert.Throws<ConfigurationInvalidException>(() => reading.Require());
        Assert.DoesNotContain(Canary, error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("7f3a9c1e", reading.ToString(), StringComparison.Ordinal);
    }

    private static ReferenceResolver Resolver(TemporaryFolder folder) => new(name => name == "CANARY" ? Canary : null, folder.Path);
}
