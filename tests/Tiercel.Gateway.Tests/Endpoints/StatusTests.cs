using System.Net;
using System.Text.Json;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Endpoints;

public sealed class StatusTests
{
    [Fact]
    public async Task Models_are_listed_under_their_name_and_aliases()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(options: new GatewayOptions { Aliases = ["gpt-4o", "org/name"] });
        JsonElement body = JsonElement.Parse(await gateway.Client.GetStringAsync("/v1/models"));
        Assert.Equal("list", body.GetProperty("object").GetString());
        Assert.Equal(["fake", "gpt-4o", "org/name"], body.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()!));
        JsonElement alias = JsonElement.Parse(await gateway.Client.GetStringAsync("/v1/models/org%2Fname"));
        Assert.Equal("org/name", alias.GetProperty("id").GetString());
        Assert.Equal("fake", alias.GetProperty("root").GetString());
        Assert.Equal(4096, alias.GetProperty("max_model_len").GetInt32());
        Assert.True(alias.GetProperty("created").TryGetInt64(out _));
        (int status, _) = await gateway.PostJsonAsync("/v1/completions", """{"model":"gpt-4o","prompt":"a"}""");
        Assert.Equal(200, status);
    }

    [Fact]
    public async Task Health_is_that_of_the_step_loop()
    {
        FakeEngine engine = new();
        await using TestGateway gateway = await TestGateway.StartAsync(engine);
        using HttpResponseMessage alive = await gateway.Client.GetAsync("/health");
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
        engine.Status = engine.Status with { Alive = false, Failure = "the step loop stands still" };
        using HttpResponseMessage dead = await gateway.Client.GetAsync("/health");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, dead.StatusCode);
        Assert.Equal("""{"status":"failed","failure":"the step loop stands still"}""", await dead.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task The_root_and_the_version_say_what_this_is()
    {
        await using TestGateway gateway = await TestGateway.StartAsync();
        JsonElement root = JsonElement.Parse(await gateway.Client.GetStringAsync("/"));
        Assert.Equal("tiercel", root.GetProperty("name").GetString());
        Assert.Contains("POST /v1/chat/completions", root.GetProperty("paths").EnumerateArray().Select(path => path.GetString()));
        JsonElement version = JsonElement.Parse(await gateway.Client.GetStringAsync("/version"));
        Assert.Matches("^[0-9]+\\.[0-9]+\\.[0-9]+", version.GetProperty("version").GetString()!);
    }
}
