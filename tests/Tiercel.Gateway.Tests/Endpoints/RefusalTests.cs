using System.Net;
using System.Text;
using System.Text.Json;
using Tiercel.Engine;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Endpoints;

public sealed class RefusalTests
{
    [Theory]
    [InlineData(EngineErrorKind.InvalidRequest, 400, "invalid_value", "false", null)]
    [InlineData(EngineErrorKind.ContextLengthExceeded, 400, "context_length_exceeded", "false", null)]
    [InlineData(EngineErrorKind.NotSupported, 400, "unsupported_by_model", "false", null)]
    [InlineData(EngineErrorKind.QueueFull, 503, "overloaded", "true", "1")]
    [InlineData(EngineErrorKind.Draining, 503, "draining", "true", "5")]
    [InlineData(EngineErrorKind.Internal, 500, "internal_error", "false", null)]
    public async Task A_refusal_of_the_engine_is_an_http_error_even_for_a_stream(EngineErrorKind kind, int status, string code, string retry, string? after)
    {
        FakeEngine engine = new() { OnSubmit = _ => new Submission(null, new EngineError(kind, "because", "prompt_logprobs")) };
        await using TestGateway gateway = await TestGateway.StartAsync(engine);
        using HttpResponseMessage response = await gateway.PostAsync("/v1/completions", """{"prompt":"a","stream":true}""");
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(retry, response.Headers.GetValues("x-should-retry").Single());
        Assert.Equal(after, response.Headers.TryGetValues("Retry-After", out IEnumerable<string>? values) ? values.Single() : null);
        JsonElement error = JsonElement.Parse(await response.Content.ReadAsByteArrayAsync()).GetProperty("error");
        Assert.Equal(code, error.GetProperty("code").GetString());
        if (kind == EngineErrorKind.InvalidRequest)
        {
            Assert.Equal("logprobs", error.GetProperty("param").GetString());
        }
    }

    [Theory]
    [InlineData("POST", "/v1/chat/completion", 404, "unknown_url")]
    [InlineData("GET", "/v1/chat/completions", 405, "method_not_allowed")]
    [InlineData("DELETE", "/v1/models/fake", 405, "method_not_allowed")]
    [InlineData("POST", "/health", 405, "method_not_allowed")]
    [InlineData("GET", "/v1/models/none", 404, "model_not_found")]
    public async Task Wrong_paths_and_methods_are_errors_of_the_api(string method, string path, int status, string code)
    {
        await using TestGateway gateway = await TestGateway.StartAsync();
        using HttpResponseMessage response = await gateway.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));
        Assert.Equal(status, (int)response.StatusCode);
        JsonElement error = JsonElement.Parse(await response.Content.ReadAsByteArrayAsync()).GetProperty("error");
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
    }

    [Theory]
    [InlineData("text/plain", null)]
    [InlineData("application/x-www-form-urlencoded", null)]
    [InlineData(null, null)]
    [InlineData("application/json", "gzip")]
    [InlineData("application/json; charset=utf-16", null)]
    public async Task A_body_that_is_not_said_to_be_json_is_refused(string? type, string? encoding)
    {
        await using TestGateway gateway = await TestGateway.StartAsync();
        ByteArrayContent content = new("""{"prompt":"a"}"""u8.ToArray());
        if (type is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        if (encoding is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
        }

        using HttpResponseMessage response = await gateway.Client.PostAsync("/v1/completions", content);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_above_the_limit_is_refused(bool chunked)
    {
        await using TestGateway gateway = await TestGateway.StartAsync(options: new GatewayOptions { MaxBodyBytes = 1000 });
        StringContent content = new($$"""{"prompt":"{{new string('a', 1000)}}"}""", Encoding.UTF8, "application/json");
        HttpRequestMessage request = new(HttpMethod.Post, "/v1/completions") { Content = content };
        request.Headers.TransferEncodingChunked = chunked;
        using HttpResponseMessage response = await gateway.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Equal("request_too_large", JsonElement.Parse(await response.Content.ReadAsByteArrayAsync()).GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task Bodies_beyond_the_memory_for_bodies_are_asked_to_come_later()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(options: new GatewayOptions { MaxBufferedBodyBytes = 1000 });
        (int status, JsonElement body) = await gateway.PostJsonAsync("/v1/completions", $$"""{"prompt":"{{new string('a', 2000)}}"}""");
        Assert.Equal(503, status);
        Assert.Equal("overloaded", body.GetProperty("error").GetProperty("code").GetString());
        (status, _) = await gateway.PostJsonAsync("/v1/completions", """{"prompt":"a"}""");
        Assert.Equal(200, status);
    }

    [Theory]
    [InlineData("""{"prompt":[260]}""", "prompt")]
    [InlineData("""{"prompt":["a",""],"add_special_tokens":false}""", "prompt[1]")]
    [InlineData("""{"prompt":"a","logit_bias":{"260":1}}""", "logit_bias.260")]
    [InlineData("""{"prompt":"a","stop_token_ids":[999]}""", "stop_token_ids")]
    [InlineData("""{"prompt":"a","model":"gpt-9"}""", "model")]
    public async Task What_the_model_shows_to_be_wrong_is_named(string json, string parameter)
    {
        FakeEngine engine = new();
        await using TestGateway gateway = await TestGateway.StartAsync(engine);
        (int status, JsonElement body) = await gateway.PostJsonAsync("/v1/completions", json);
        Assert.InRange(status, 400, 404);
        Assert.Equal(parameter, body.GetProperty("error").GetProperty("param").GetString());
        Assert.Empty(engine.Requests);
    }

    [Fact]
    public async Task A_model_that_only_embeds_generates_nothing()
    {
        FakeEngine plain = new();
        FakeEngine engine = new() { Model = plain.Model with { CanGenerate = false } };
        await using TestGateway gateway = await TestGateway.StartAsync(engine);
        (int status, JsonElement body) = await gateway.PostJsonAsync("/v1/completions", """{"prompt":"a"}""");
        Assert.Equal(400, status);
        Assert.Contains("/v1/embeddings", body.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fault_of_the_server_ends_one_request_and_tells_its_kind_only()
    {
        FakeEngine engine = new() { OnSubmit = _ => throw new InvalidDataException("secret text") };
        await using TestGateway gateway = await TestGateway.StartAsync(engine);
        (int status, JsonElement body) = await gateway.PostJsonAsync("/v1/completions", """{"prompt":"a"}""");
        Assert.Equal(500, status);
        Assert.DoesNotContain("secret", body.GetRawText(), StringComparison.Ordinal);
        engine.OnSubmit = null;
        (status, _) = await gateway.PostJsonAsync("/v1/completions", """{"prompt":"a"}""");
        Assert.Equal(200, status);
        await gateway.UntilIdleAsync();
    }
}
