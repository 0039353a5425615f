using System.Net;
using System.Security.Cryptography;
using System.Text;
using Tiercel.Gateway.Configuration;
using Tiercel.Testing;

namespace Tiercel.Gateway.Tests.Configuration;

public class ConfigurationFileTests
{
    private static readonly string Example = Path.Combine(TestFiles.RepositoryRoot, "deploy", "tiercel.example.yaml");

    [Fact]
    public void The_example_becomes_the_records()
    {
        ConfigurationReading reading = ConfigurationFile.Read(Example, ConfigurationText.Resolver(
            ("TIERCEL_CLUSTER_SECRET", "the-cluster"), ("CLOUD_API_KEY", "cloud"), ("ACME_CI_KEY", "acme"), ("NIGHTLY_KEY", "night")));
        Assert.Equal([], reading.Errors);
        Assert.Equal([], reading.Notes);
        FleetConfiguration all = reading.Require();
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Example)))[..12], all.Version);
        Assert.Equal("the-cluster", all.Cluster.Secret!.Reveal());
        Assert.Equal(["chat", "cloud"], all.Pools.Keys);
        Assert.Equal([UpstreamKind.Tiercel, UpstreamKind.Tiercel], all.Pools["chat"].Upstreams.Select(upstream => upstream.Kind));
        UpstreamSettings cloud = Assert.Single(all.Pools["cloud"].Upstreams);
        Assert.Equal(new Uri("https://api.example.com"), cloud.Url);
        Assert.Equal("cloud", cloud.Key!.Reveal());
        Assert.Equal(UpstreamCapabilities.Chat, cloud.Capabilities);
        Assert.Equal(new PriceSettings { Input = 0.15m, CachedInput = 0.075m, Output = 0.6m }, cloud.Price);
        Assert.Equal((TimeSpan.FromSeconds(30), 64), (cloud.FirstByteTimeout, cloud.MaxConcurrency));
        Assert.Equal(new RouteSettings("chat", "interactive"), all.Routes["my-model"]);
        ServiceClass interactive = new()
        {
            Name = "interactive",
            TimeToFirstToken = TimeSpan.FromSeconds(2),
            PerThousandUncached = TimeSpan.FromMilliseconds(250),
            TimePerOutputToken = TimeSpan.FromMilliseconds(100),
        };
        Assert.Equal(interactive, all.Classes["interactive"]);
        TenantSettings acme = all.Tenants["acme"];
        Assert.Equal(("acme", 2d), (acme.Name, acme.Weight));
        Assert.Equal(SHA256.HashData("acme"u8), Assert.Single(acme.Keys).Sha256.ToArray());
        Assert.Equal(new TenantLimitSettings { RequestsPerMinute = 600, TokensPerMinute = 1_000_000, ConcurrentTokens = 65_536 }, acme.Limits);
        Assert.Equal(new BudgetSettings { PerDay = 10, PerMonth = 200 }, acme.Budget);
        Assert.Equal(["my-model"], all.Tenants["nightly"].Models!);
        Assert.Equal("usage.db", Path.GetFileName(all.Ledger.Path));
    }

    [Fact]
    public void What_the_file_does_not_say_is_as_the_records_have_it()
    {
        FleetConfiguration all = ConfigurationText.Read(ConfigurationText.Minimal).Require();
        Assert.Equal(new QueueSettings(), all.Queue);
        Assert.Equal(new RetrySettings(), all.Retries);
        Assert.Equal(new HealthSettings(), all.Health);
        Assert.Equal(new LedgerSettings(), all.Ledger);
        Assert.Equal(new TelemetrySettings(), all.Telemetry);
        Assert.Equal(new BodyLimits(), all.Limits);
        Assert.Equal(new ListenerSettings(), Assert.Single(all.Listeners));
        UpstreamSettings upstream = all.Pools["chat"].Upstreams[0];
        Assert.Equal(new UpstreamSettings { Name = "a", Kind = UpstreamKind.OpenAI, Url = new Uri("http://10.0.0.1:8000") }, upstream);
        Assert.False(all.NoAuth);
    }

    [Fact]
    public void Everything_that_is_wrong_is_said_at_once_with_its_place()
    {
        const string Text = """
            listen: [ { address: "0.0.0.0:8080" } ]
            pools:
              chat:
                polcy: cost
                upstreams:
                  - { name: a, kind: openai }
                  - { name: b, kind: opnai, url: http://b }
                  - { name: a, kind: openai, url: http://c }
                  - { name: d, kind: openai, url: http://c/ }
            routes:
              m: { pool: chatt }
              m: { pool: chat }
            classes:
              slow: { ttft: 5, priority: high }
            queue: { max_requests: -1, max_bytes: 3 pounds }
            telemetry:
            tenats: {}
            """;
        Assert.Equal(
            [
                "t.yaml:1:22: listen[0].address: can be reached from other machines: give tenants keys, or say no_auth: true",
                "t.yaml:4:5: pools.chat: unknown key 'polcy'; did you mean 'policy'?",
                "t.yaml:6:9: pools.chat.upstreams[0].url: is needed for every kind but embedded",
                "t.yaml:7:26: pools.chat.upstreams[1].kind: must be one of tiercel, openai, embedded, and this is 'opnai'",
                "t.yaml:8:17: pools.chat.upstreams[2].name: the name 'a' is already that of pools.chat.upstreams[0]",
                "t.yaml:9:39: pools.chat.upstreams[3].url: this URL is already that of pools.chat.upstreams[2]",
                "t.yaml:11:14: routes.m.pool: there is no pool 'chatt'; did you mean 'chat'?",
                "t.yaml:12:3: routes.m: this route is given already, at line 11",
                "t.yaml:14:17: classes.slow.ttft: wants a duration such as 500ms, 2s, 1m or 1h, and this is '5'",
                "t.yaml:14:30: classes.slow.priority: wants a whole number, and this is 'high'",
                "t.yaml:15:24: queue.max_requests: must be between 0 and 1000000, and this is -1",
                "t.yaml:15:39: queue.max_bytes: wants a size such as 64KiB, 16MiB or 2GiB, and this is '3 pounds'",
                "t.yaml:16:11: telemetry: has no value; leave the key out for the defaults",
                "t.yaml:17:1: unknown key 'tenats'; did you mean 'tenants'?",
            ],
            ConfigurationText.Errors(Text));
    }

    [Theory]
    [InlineData("no_auth: yes", "no_auth: wants true or false, and this is 'yes'")]
    [InlineData("no_auth: true\ntenants: { t: { keys: [ { name: k, key: env:KEY } ] } }", "no_auth: contradicts tenants")]
    [InlineData("tenants: { t: { keys: [] } }", "tenants.t.keys: is empty")]
    [InlineData("tenants: { t: { weight: 2 } }", "tenants.t: needs 'keys'")]
    [InlineData("tenants: { t: { keys: [ { name: k, key: env:GONE } ] } }", "tenants.t.keys[0].key: the environment variable GONE is not set")]
    [InlineData("tenants: { t: { keys: [ { name: k, key: file:gone/key } ] } }", "tenants.t.keys[0].key: file gone/key does not exist")]
    [InlineData("tenants: { t: { keys: [ { name: k, key: env:EMPTY } ] } }", "tenants.t.keys[0].key: env:EMPTY is empty")]
    [InlineData("tenants: { t: { keys: [ { name: k, key: env:SPACED } ] } }", "tenants.t.keys[0].key: env:SPACED holds no key")]
    [InlineData("tenants: { t: { keys: [ { name: k, key: env:KEY }, { name: l, key: env:KEY } ] } }", "tenants.t.keys[1].key: is the same key as tenants.t.keys[0]")]
    [InlineData("tenants: { t: { keys: [ { name: k, key: env:KEY } ] }, u: { keys: [ { name: k, key: env:SAME } ] } }", "tenants.u.keys[0].key: is the same key as tenants.t.keys[0]")]
    [InlineData("tenants: { t: { models: [n], keys: [ { name: k, key: env:KEY } ] } }", "tenants.t.models[0]: there is no route 'n'; did you mean 'm'?")]
    [InlineData("tenants: { t: { class: gold, keys: [ { name: k, key: env:KEY } ] } }", "tenants.t.class: there is no class 'gold'")]
    [InlineData("classes: { slow: { ttft_per_1k_uncached: 1s } }", "classes.slow.ttft_per_1k_uncached: grows an objective that is not given: ttft")]
    [InlineData("health: { max_ejection: 1s }", "health.max_ejection: is shorter than base_ejection")]
    [InlineData("limits: { max_buffered_bodies: 1MiB }", "limits.max_buffered_bodies: is less than max_body")]
    [InlineData("listen: [ { address: example.com:80 } ]", "listen[0].address: wants an IP address and a port")]
    [InlineData("listen: [ { address: 127.0.0.1 } ]", "listen[0].address: wants an IP address and a port")]
    [InlineData("listen: [ { address: 127.0.0.1:1 }, { address: 127.0.0.1:1 } ]", "listen[1]: '127.0.0.1:1' is here already, as item 0")]
    [InlineData("listen: [ { address: 127.0.0.1:1, tls: { certificate: gone.pem } } ]", "listen[0].tls: needs 'key'", "listen[0].tls.certificate: file gone.pem does not exist")]
    [InlineData("telemetry: { otlp: ftp://x }", "telemetry.otlp: wants an http:// or https:// URL")]
    [InlineData("telemetry: { trace_share: 2 }", "telemetry.trace_share: must be between 0 and 1, and this is 2")]
    [InlineData("telemetry: [ 1 ]", "telemetry: wants a group of keys")]
    [InlineData("retries: { max_tries: \"3\" }", "retries.max_tries: wants a whole number, and this is the text \"3\"")]
    [InlineData("cluster: { secret: env:SAME }", "cluster.secret: env:SAME has fewer than 8 characters, which can be guessed")]
    [InlineData("telemetry: { metrics_key: env:SAME }", "telemetry.metrics_key: env:SAME has fewer than 8 characters, which can be guessed")]
    [InlineData("cluster: { secret: { a: b } }", "cluster.secret: wants secret, and this is a group of keys")]
    public void A_wrong_part_is_named(string addition, params string[] expected)
    {
        string[] errors = ConfigurationText.Errors(
            ConfigurationText.Minimal + addition, ("KEY", "one"), ("SAME", "one"), ("EMPTY", " \n"), ("SPACED", "a b"));
        Assert.Equal(expected.Length, errors.Length);
        Assert.All(expected, one => Assert.Contains($": {one}", string.Join('\n', errors), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{ name: a, kind: embedded, url: http://x }", "url: does not go with the kind embedded")]
    [InlineData("{ name: a, kind: embedded }, { name: b, kind: embedded }", "kind: a process has one embedded engine")]
    [InlineData("{ name: a, kind: tiercel, url: http://x, key: env:KEY }", "key: does not go with the kind tiercel")]
    [InlineData("{ name: a, kind: tiercel, url: http://x }", "cluster: Tiercel workers want cluster.secret or cluster.tls")]
    [InlineData("{ name: a, kind: openai, url: http://u:p@x }", "url: is a URL with a user")]
    [InlineData("{ name: 5, kind: openai, url: http://x }", "name: is '5', which YAML takes for no text; put it in quotes")]
    [InlineData("{ name: a b, kind: openai, url: http://x }", "name: is no name (letters")]
    [InlineData("{ name: a, kind: openai, url: http://x, idle_timeout: 2h }", "idle_timeout: must be between 10ms and 1h, and this is '2h'")]
    public void A_wrong_upstream_is_named(string upstreams, string expected)
    {
        string text = $"pools: {{ chat: {{ upstreams: [ {upstreams} ] }} }}\nroutes: {{ m: {{ pool: chat }} }}\n";
        Assert.Contains($"{expected}", Assert.Single(ConfigurationText.Errors(text, ("KEY", "one"))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.0.0.0:8080")]
    [InlineData("'[::]:8080'")]
    [InlineData("192.168.1.5:8080")]
    public void An_address_that_others_reach_wants_tenants_or_an_explicit_word(string address)
    {
        string text = $"{ConfigurationText.Minimal}listen: [ {{ address: {address} }} ]\n";
        Assert.Contains("can be reached from other machines", Assert.Single(ConfigurationText.Errors(text)), StringComparison.Ordinal);
        Assert.Empty(ConfigurationText.Errors(text + "no_auth: true\n"));
        Assert.NotEmpty(ConfigurationText.Errors(text + "no_auth: false\n"));
        Assert.Empty(ConfigurationText.Errors(text + "tenants: { t: { keys: [ { name: k, key: env:KEY } ] } }\n", ("KEY", "one")));
    }

    [Fact]
    public void A_key_may_be_given_by_its_hash()
    {
        string hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes("key")));
        FleetConfiguration all = ConfigurationText.Read($"{ConfigurationText.Minimal}tenants: {{ t: {{ keys: [ {{ name: k, key: 'sha256:{hash}' }} ] }} }}").Require();
        Assert.Equal(hash, Convert.ToHexString(all.Tenants["t"].Keys[0].Sha256.Span));
    }

    [Fact]
    public void Localhost_and_the_other_family_are_addresses()
    {
        FleetConfiguration all = ConfigurationText.Read(ConfigurationText.Minimal + "listen: [ { address: localhost:1 }, { address: '[::1]:2' } ]").Require();
        Assert.Equal([new IPEndPoint(IPAddress.Loopback, 1), new IPEndPoint(IPAddress.IPv6Loopback, 2)], all.Listeners.Select(listener => listener.Address));
    }

    [Fact]
    public void What_is_allowed_but_looks_like_a_mistake_is_noted()
    {
        ConfigurationReading reading = ConfigurationText.Read(
            ConfigurationText.Minimal.Replace("pools:", "pools:\n  unused: { upstreams: [ { name: z, kind: openai, url: http://z } ] }", StringComparison.Ordinal)
                + "tenants: { t: { budget: { per_day: 1 }, keys: [ { name: k, key: env:KEY } ] } }",
            ("KEY", "one"));
        Assert.Equal(["no route leads to the pool 'unused'", "the budget of 't' is never used up: no upstream has a price"], reading.Notes.Select(note => note.Reason));
        Assert.NotNull(reading.Configuration);
    }

    [Fact]
    public void Without_looking_up_secrets_the_rest_is_checked()
    {
        const string Text = ConfigurationText.Minimal + "tenants: { t: { keys: [ { name: k, key: env:GONE }, { name: l, key: file:gone } ] } }";
        Assert.NotEmpty(ConfigurationText.Errors(Text));
        Assert.Empty(ConfigurationFile.Parse("t.yaml", Encoding.UTF8.GetBytes(Text), ReferenceResolver.None).Errors);
    }
}
