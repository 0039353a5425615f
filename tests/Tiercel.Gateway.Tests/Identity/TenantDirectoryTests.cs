using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Identity;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Tests.Identity;

public sealed class TenantDirectoryTests
{
    [Theory]
    [InlineData("Bearer acme-ci", null, "acme", "ci")]
    [InlineData("bearer  acme-ci ", null, "acme", "ci")]
    [InlineData(null, "zeta-main", "zeta", "main")]
    [InlineData("Bearer wrong", "zeta-main", "zeta", "main")]
    [InlineData("Bearer acme-ci", "zeta-main", "acme", "ci")]
    [InlineData("Bearer clé-à-é", null, "zeta", "accents")]
    public void A_key_names_its_tenant_and_itself(string? authorization, string? header, string tenant, string key)
    {
        Assert.Null(Directory().Identify(Headers(authorization, header), out Caller caller));
        Assert.Equal(tenant, caller.Tenant.Name);
        Assert.Equal(key, caller.Key);
    }

    [Theory]
    [InlineData("Bearer acme-c", null)]
    [InlineData("Bearer acme-ci2", null)]
    [InlineData("Basic acme-ci", "x")]
    [InlineData("Bearer ACME-CI", null)]
    [InlineData("Bearer acme-ci, Bearer acme-ci", null)]
    [InlineData("Bearer ' OR 1=1 --", null)]
    [InlineData("Bearer \0", null)]
    public void Anything_else_is_refused_without_repeating_it(string? authorization, string? header)
    {
        ApiError? error = Directory().Identify(Headers(authorization, header), out Caller caller);
        Assert.Equal(401, error!.Status);
        Assert.Equal("Incorrect API key.", error.Message);
        Assert.Equal("", caller.Tenant.Name);
    }

    [Fact]
    public void Without_a_key_the_answer_says_how_to_send_one()
    {
        Assert.Contains("No API key", Directory().Identify(Headers(null, null), out _)!.Message, StringComparison.Ordinal);
        Assert.Contains("No API key", Directory().Identify(Headers("Basic abc", null), out _)!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_longer_than_any_is_refused()
        => Assert.Equal(401, Directory().Identify(Headers("Bearer " + new string('k', 100_000), null), out _)!.Status);

    [Fact]
    public void Thousands_of_keys_are_each_found_and_no_other()
    {
        Dictionary<string, TenantSettings> tenants = Enumerable.Range(0, 300).ToDictionary(t => $"t{t}", t => Tenant($"t{t}", [.. Enumerable.Range(0, 10).Select(k => ($"k{k}", $"secret-{t}-{k}"))]));
        TenantDirectory directory = new(tenants);
        for (int tenant = 0; tenant < 300; tenant++)
        {
            for (int key = 0; key < 10; key++)
            {
                Assert.Null(directory.Identify(Headers($"Bearer secret-{tenant}-{key}", null), out Caller caller));
                Assert.Equal(($"t{tenant}", $"k{key}"), (caller.Tenant.Name, caller.Key));
            }

            Assert.NotNull(directory.Identify(Headers($"Bearer secret-{tenant}-10", null), out _));
        }
    }

    [Fact]
    public void A_key_that_a_reload_takes_away_is_dead_at_once_and_callers_found_before_stay()
    {
        TenantDirectory before = Directory();
        Assert.Null(before.Identify(Headers("Bearer acme-ci", null), out Caller running));
        TenantDirectory after = new(new Dictionary<string, TenantSettings> { ["acme"] = Tenant("acme", ("new", "acme-new")) });
        Assert.NotNull(after.Identify(Headers("Bearer acme-ci", null), out _));
        Assert.Null(after.Identify(Headers("Bearer acme-new", null), out _));
        Assert.Equal("acme", running.Tenant.Name);
    }

    [Fact]
    public void Without_tenants_everybody_is_one()
    {
        TenantDirectory open = new(new Dictionary<string, TenantSettings>());
        Assert.True(open.IsOpen);
        Assert.Null(open.Identify(Headers("Bearer anything", null), out Caller caller));
        Assert.Equal("", caller.Tenant.Name);
    }

    [Fact]
    public void One_key_for_two_names_is_refused_by_both_names()
    {
        Dictionary<string, TenantSettings> tenants = new() { ["a"] = Tenant("a", ("x", "same")), ["b"] = Tenant("b", ("y", "same")) };
        GatewayConfigurationException error = Assert.Throws<GatewayConfigurationException>(() => new TenantDirectory(tenants));
        Assert.Contains("a/x", error.Message, StringComparison.Ordinal);
        Assert.Contains("b/y", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tenant_without_keys_opens_nothing()
    {
        TenantDirectory directory = new(new Dictionary<string, TenantSettings> { ["a"] = Tenant("a") });
        Assert.False(directory.IsOpen);
        Assert.Equal(401, directory.Identify(Headers("Bearer x", null), out _)!.Status);
    }

    private static TenantDirectory Directory() => new(new Dictionary<string, TenantSettings>
    {
        ["acme"] = Tenant("acme", ("ci", "acme-ci"), ("dev", "acme-dev")),
        ["zeta"] = Tenant("zeta", ("main", "zeta-main"), ("accents", "clé-à-é")),
    });

    private static TenantSettings Tenant(string name, params (string Name, string Key)[] keys) => new()
    {
        Name = name,
        Keys = [.. keys.Select(key => new KeySettings(key.Name, SHA256.HashData(Encoding.UTF8.GetBytes(key.Key)), "env:X"))],
    };

    private static HeaderDictionary Headers(string? authorization, string? apiKey)
    {
        HeaderDictionary headers = [];
        if (authorization is not null)
        {
            headers["Authorization"] = authorization;
        }

        if (apiKey is not null)
        {
            headers["x-api-key"] = apiKey;
        }

        return headers;
    }
}
