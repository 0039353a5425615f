using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Tests.Configuration;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Fleet;

/// <summary>By which names a running gateway may be called, and from which web pages.</summary>
public sealed class HostTests
{
    [Fact]
    public async Task A_gateway_on_loopback_is_called_by_its_own_names_and_by_those_that_the_file_allows()
    {
        await using ScriptedUpstream engine = ScriptedAnswers.Sound();
        FleetConfiguration configuration = TestFleet.Of(engine.Settings());
        await using TestFleet fleet = await TestFleet.StartAsync(configuration with { AllowedHosts = ["x"] });
        Assert.Equal(200, await StatusAsync(fleet, "localhost"));
        Assert.Equal(200, await StatusAsync(fleet, "127.0.0.1:1234"));
        Assert.Equal(200, await StatusAsync(fleet, "X:80"));
        Assert.Equal(403, await StatusAsync(fleet, "evil.example"));

        // A reload is in force at once.
        fleet.Source.Replace(configuration with { AllowedHosts = ["other"] });
        Assert.Equal(403, await StatusAsync(fleet, "x"));
        Assert.Equal(200, await StatusAsync(fleet, "other"));
    }

    [Fact]
    public async Task Web_pages_that_the_file_allows_may_read_answers_and_others_may_not()
    {
        await using ScriptedUpstream engine = ScriptedAnswers.Sound();
        FleetConfiguration configuration = TestFleet.Of(engine.Settings());
        await using TestFleet fleet = await TestFleet.StartAsync(configuration with { AllowedOrigins = ["https://app.example.com"] });
        Assert.Equal("https://app.example.com", await AllowedAsync(fleet, "https://app.example.com"));
        Assert.Null(await AllowedAsync(fleet, "https://evil.example"));
        fleet.Source.Replace(configuration);
        Assert.Null(await AllowedAsync(fleet, "https://app.example.com"));
    }

    [Theory]
    [InlineData("allowed_hosts: [ \"http://x\" ]", "allowed_hosts[0]")]
    [InlineData("allowed_hosts: [ \"x:80\" ]", "allowed_hosts[0]")]
    [InlineData("allowed_hosts: x", "allowed_hosts")]
    [InlineData("allowed_origins: [ \"app.example.com\" ]", "allowed_origins[0]")]
    [InlineData("allowed_origins: [ \"https://app.example.com/path\" ]", "allowed_origins[0]")]
    public void What_is_no_name_and_no_origin_is_refused_with_its_place(string line, string place)
    {
        string errors = string.Join('\n', ConfigurationText.Errors(line));
        Assert.Contains(place, errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_and_origins_are_read_from_the_file()
    {
        ConfigurationReading reading = ConfigurationText.Read(
            ConfigurationText.Minimal + "allowed_hosts: [ x, \"[::1]\", llm.example.com ]\nallowed_origins: [ \"https://app.example.com:8443\" ]\n");
        Assert.Equal([], reading.Errors);
        Assert.Equal(["x", "[::1]", "llm.example.com"], reading.Configuration!.AllowedHosts);
        Assert.Equal(["https://app.example.com:8443"], reading.Configuration.AllowedOrigins);
    }

    private static async Task<int> StatusAsync(TestFleet fleet, string host)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "/health");
        request.Headers.Host = host;
        using HttpResponseMessage response = await fleet.Client.SendAsync(request);
        return (int)response.StatusCode;
    }

    private static async Task<string?> AllowedAsync(TestFleet fleet, string origin)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "/health");
        request.Headers.Add("Origin", origin);
        using HttpResponseMessage response = await fleet.Client.SendAsync(request);
        return response.Headers.TryGetValues("Access-Control-Allow-Origin", out IEnumerable<string>? values) ? values.Single() : null;
    }
}
